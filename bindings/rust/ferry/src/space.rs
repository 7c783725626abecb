use crate::callback::answer;
use crate::error::{call, text, Error};
use crate::handle::Handle;
use crate::profile::{Host, Profile};
use ferry_sys as sys;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_void};
use std::ptr::NonNull;
use std::{fmt, marker::PhantomData};

/// The configuration space of the device behind a [`Space`].
///
/// Offsets are multiples of `size`, which is 1, 2 or 4. An error is an errno.
pub trait ConfigAccess {
    /// Reads `size` bytes, lowest first.
    fn read(&mut self, offset: u32, size: u32) -> Result<u32, i32>;
    /// Writes `size` bytes, lowest first.
    fn write(&mut self, offset: u32, size: u32, value: u32) -> Result<(), i32>;
}

/// What a guest's write changed, as far as the VMM has to act on it: `FERRY_EFFECT_` of `ferry.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects(pub u32);

impl Effects {
    /// Command: decoding, bus mastering, INTx.
    pub const COMMAND: Effects = Effects(1);
    /// A base address register.
    pub const BASE_ADDRESS: Effects = Effects(2);
    /// The control of MSI or MSI-X.
    pub const INTERRUPTS: Effects = Effects(4);
    /// The power state.
    pub const POWER: Effects = Effects(8);
    /// The guest asked for a function-level reset.
    pub const FUNCTION_RESET: Effects = Effects(16);
    /// The control of ATS, PRI or PASID.
    pub const ADDRESS_TRANSLATION: Effects = Effects(32);
    /// Control registers of PCI Express.
    pub const EXPRESS_CONTROL: Effects = Effects(64);

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A configuration space that a guest sees, over a device.
pub struct Space<A: ConfigAccess> {
    handle: Handle,
    // A box, to which the library has the same pointer until the space is closed.
    device: NonNull<A>,
    _owner: PhantomData<A>,
}

// SAFETY: a space is its device and a number that is good on any thread. It is not `Sync`, for `NonNull` is not.
unsafe impl<A: ConfigAccess + Send> Send for Space<A> {}

impl<A: ConfigAccess> Space<A> {
    pub(crate) fn open(profile: &Profile, host: &Host<'_>, device: A) -> Result<Space<A>, Error> {
        let device = NonNull::from(Box::leak(Box::new(device)));
        let access = sys::ferry_config_access {
            read: Some(read::<A>),
            write: Some(write::<A>),
            context: device.as_ptr() as *mut c_void,
        };
        let mut space = Space { handle: Handle::default(), device, _owner: PhantomData };
        host.with(|host| {
            // SAFETY: the host lives until the call returns; the context until the space is closed, which is before the
            // box goes.
            call(|error| unsafe {
                sys::ferry_space_open(profile.handle.number, host, &access, &mut space.handle.number, error)
            })
        })?;
        Ok(space)
    }

    /// What a guest reads: 1, 2 or 4 bytes, lowest first; ones outside the space. Allocates nothing.
    pub fn read(&mut self, offset: u32, size: u32) -> Result<u32, Error> {
        let mut value = 0;
        // SAFETY: the result is a local.
        call(|error| unsafe { sys::ferry_space_read(self.handle.number, offset, size, &mut value, error) })?;
        Ok(value)
    }

    /// Takes a guest's write of 1, 2 or 4 bytes.
    pub fn write(&mut self, offset: u32, size: u32, value: u32) -> Result<Effects, Error> {
        let mut effects = 0;
        // SAFETY: the result is a local.
        call(|error| unsafe { sys::ferry_space_write(self.handle.number, offset, size, value, &mut effects, error) })?;
        Ok(Effects(effects))
    }

    /// Brings the VMM's bits to the profile's values; the device is not touched.
    pub fn reset(&mut self) -> Result<(), Error> {
        // SAFETY: there is no pointer but the error's.
        call(|error| unsafe { sys::ferry_space_reset(self.handle.number, error) })
    }

    /// Saves what has to travel with the guest.
    pub fn save(&mut self) -> Result<SpaceState, Error> {
        let mut state = Box::new(MaybeUninit::<sys::ferry_space_state>::uninit());
        // SAFETY: the result has room for the state.
        call(|error| unsafe { sys::ferry_space_save(self.handle.number, state.as_mut_ptr(), error) })?;
        // SAFETY: the call succeeded, so all of the state is written; the box is of the same layout.
        Ok(SpaceState(unsafe { Box::from_raw(Box::into_raw(state) as *mut sys::ferry_space_state) }))
    }

    /// Takes the state of the same profile on another host.
    pub fn restore(&mut self, state: &SpaceState) -> Result<(), Error> {
        // SAFETY: the state lives until the call returns.
        call(|error| unsafe { sys::ferry_space_restore(self.handle.number, &*state.0, error) })
    }

    /// The device behind the space, between its calls.
    pub fn device(&mut self) -> &mut A {
        // SAFETY: the box is this space's own, and no call of the library goes on while this borrow lasts.
        unsafe { self.device.as_mut() }
    }
}

impl<A: ConfigAccess> fmt::Debug for Space<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("handle", &self.handle).finish()
    }
}

impl<A: ConfigAccess> Drop for Space<A> {
    fn drop(&mut self) {
        // First, for it has the pointer.
        drop(std::mem::take(&mut self.handle));
        // SAFETY: the pointer came from a box, and the library has it no more.
        drop(unsafe { Box::from_raw(self.device.as_ptr()) });
    }
}

unsafe extern "C" fn read<A: ConfigAccess>(context: *mut c_void, offset: u32, size: u32, value: *mut u32) -> i32 {
    // SAFETY: the context is the device of a space that is in a call, which has it for itself.
    let device = unsafe { &mut *(context as *mut A) };
    answer(|| {
        let found = device.read(offset, size)?;
        // SAFETY: the library lends the place for the call.
        unsafe { *value = found };
        Ok(())
    })
}

unsafe extern "C" fn write<A: ConfigAccess>(context: *mut c_void, offset: u32, size: u32, value: u32) -> i32 {
    // SAFETY: as in `read`.
    let device = unsafe { &mut *(context as *mut A) };
    answer(|| device.write(offset, size, value))
}

/// What a guest sees of a space at one moment.
#[derive(Clone)]
pub struct SpaceState(Box<sys::ferry_space_state>);

impl SpaceState {
    /// A state that came from elsewhere; `restore` judges it. None if a part is longer than a state has room for.
    pub fn new(shown: &[u8], emulated_bits: &[u8], profile_name: &str, profile_digest: &str) -> Option<SpaceState> {
        let mut state = Box::new(sys::ferry_space_state {
            size: 0,
            shown: [0; 4096],
            emulated_bits: [0; 4096],
            profile_name: [0; 256],
            profile_digest: [0; 68],
        });
        if emulated_bits.len() != shown.len() {
            return None;
        }
        state.shown.get_mut(..shown.len())?.copy_from_slice(shown);
        state.emulated_bits.get_mut(..shown.len())?.copy_from_slice(emulated_bits);
        state.size = shown.len() as u32;
        put(profile_name, &mut state.profile_name)?;
        put(profile_digest, &mut state.profile_digest)?;
        Some(SpaceState(state))
    }

    /// What the guest sees.
    pub fn shown(&self) -> &[u8] {
        &self.0.shown[..(self.0.size as usize).min(4096)]
    }

    /// For each bit of `shown` whether the VMM serves it (1) or the device (0).
    pub fn emulated_bits(&self) -> &[u8] {
        &self.0.emulated_bits[..(self.0.size as usize).min(4096)]
    }

    /// The name of the profile.
    pub fn profile_name(&self) -> String {
        text(&self.0.profile_name)
    }

    /// The digest of the profile's layout; "" if it is not known.
    pub fn profile_digest(&self) -> String {
        text(&self.0.profile_digest)
    }
}

impl fmt::Debug for SpaceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpaceState").field("profile", &self.profile_name()).field("size", &self.0.size).finish()
    }
}

/// Copies a text with a 0 behind it; none if there is no room.
fn put(text: &str, array: &mut [c_char]) -> Option<()> {
    if text.len() >= array.len() {
        return None;
    }
    for (place, byte) in array.iter_mut().zip(text.bytes()) {
        *place = byte as c_char;
    }
    Some(())
}
