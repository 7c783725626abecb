use ferry_sys as sys;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

/// A handle of the library's, closed when it goes; 0 for none.
///
/// The library serves one call at a time with a handle, and refuses a second: so it is `Send`, and not `Sync`.
#[derive(Debug, Default)]
pub(crate) struct Handle {
    pub(crate) number: u64,
    _not_sync: PhantomData<Cell<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is this owner's alone, and no call with it goes on; an error is none to act on.
        unsafe { sys::ferry_close(self.number, ptr::null_mut()) };
    }
}
