use crate::callback::{flush, sink, Texts};
use crate::error::{call, Error};
use crate::handle::Handle;
use crate::introduction::copied_text;
use ferry_sys as sys;
use std::io::Write;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::raw::{c_char, c_void};
use std::{fmt, ptr, slice};

/// A device's state, taken apart by its layout.
#[derive(Debug)]
pub struct State {
    handle: Handle,
    bytes: Vec<u8>,
}

/// What a state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSummary {
    /// The name of its layout.
    pub layout: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Whether nothing is wrong with it. A state that is not sound must not be loaded.
    pub is_sound: bool,
    /// Whether it ends where its layout does.
    pub is_complete: bool,
    /// The findings beyond those that [`State::findings`] has.
    pub more_findings: u64,
    /// Its bytes.
    pub size: u64,
}

/// How sure it is which layout a state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The caller said it.
    Given,
    /// A guess, by the length or the driver.
    Possible,
    /// The content has its shape.
    Likely,
    /// The content says so.
    Certain,
}

/// What a layout has to say of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The field, such as `records[2].tag`; "" for the state as a whole.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
    /// The bytes that it is about.
    pub range: Range<u64>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is wrong.
    Note,
    /// Not as the driver writes it, though it may be accepted.
    Warning,
    /// The state is unsound.
    Error,
}

impl State {
    /// Takes a state apart, any bytes: what is wrong with them are findings. Without a `layout`, by a name of
    /// `ferry layout list`, the content tells it, and the kernel's `driver` if that is known.
    pub fn open(bytes: Vec<u8>, layout: Option<&str>, driver: Option<&str>) -> Result<State, Error> {
        let mut texts = Texts::default();
        let layout = texts.add("layout", layout)?;
        let driver = texts.add("driver", driver)?;
        let mut handle = Handle::default();
        // SAFETY: the bytes and the texts live until the call returns.
        call(|error| unsafe {
            let start = bytes.as_ptr() as *const c_void;
            sys::ferry_state_open(start, bytes.len(), layout, driver, &mut handle.number, error)
        })?;
        Ok(State { handle, bytes })
    }

    /// The bytes that were taken apart.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn summarized(&self) -> Result<sys::ferry_state_summary, Error> {
        let mut summary = MaybeUninit::uninit();
        // SAFETY: the summary has room for the answer.
        call(|error| unsafe { sys::ferry_state_summarize(self.handle.number, summary.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it.
        Ok(unsafe { summary.assume_init() })
    }

    /// What it is.
    pub fn summary(&self) -> Result<StateSummary, Error> {
        let summary = self.summarized()?;
        Ok(StateSummary {
            // SAFETY: the text is good until the handle is closed.
            layout: unsafe { copied_text(summary.layout) }.unwrap_or_default(),
            certainty: match summary.certainty {
                sys::FERRY_CERTAINTY_GIVEN => Certainty::Given,
                sys::FERRY_CERTAINTY_POSSIBLE => Certainty::Possible,
                sys::FERRY_CERTAINTY_LIKELY => Certainty::Likely,
                _ => Certainty::Certain,
            },
            is_sound: summary.is_sound != 0,
            is_complete: summary.is_complete != 0,
            more_findings: summary.more_findings,
            size: summary.size,
        })
    }

    /// What its layout has to say of it.
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        (0..self.summarized()?.finding_count).map(|index| self.finding(index)).collect()
    }

    fn finding(&self, index: u32) -> Result<Finding, Error> {
        let mut finding = MaybeUninit::uninit();
        // SAFETY: the finding has room for the answer.
        call(|error| unsafe { sys::ferry_state_finding(self.handle.number, index, finding.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it.
        let finding: sys::ferry_finding = unsafe { finding.assume_init() };
        // SAFETY: the texts are good until the handle is closed.
        let (path, message) = unsafe { (copied_text(finding.path), copied_text(finding.message)) };
        Ok(Finding {
            severity: match finding.severity {
                sys::FERRY_FINDING_NOTE => Severity::Note,
                sys::FERRY_FINDING_WARNING => Severity::Warning,
                _ => Severity::Error,
            },
            path: path.unwrap_or_default(),
            message: message.unwrap_or_default(),
            range: finding.offset..finding.offset + finding.size,
        })
    }

    /// All fields and findings, as JSON (`schemas/dissect.schema.json`).
    pub fn json(&self) -> Result<String, Error> {
        let mut text = Vec::new();
        let sink = sink::<Vec<u8>>(&mut text);
        // SAFETY: the text lives until the call returns.
        call(|error| unsafe { sys::ferry_state_json(self.handle.number, &sink, error) })?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The whole of it, whose children are its fields.
    pub fn root(&self) -> Result<Field<'_>, Error> {
        self.field(0)
    }

    fn field(&self, number: u32) -> Result<Field<'_>, Error> {
        let mut field = MaybeUninit::uninit();
        // SAFETY: the field has room for the answer.
        call(|error| unsafe { sys::ferry_state_field(self.handle.number, number, field.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it.
        Ok(Field { state: self, field: unsafe { field.assume_init() } })
    }

    /// Translates it without loss, or not at all. The result goes to `output`, which is flushed, if it is accepted.
    pub fn translate<W: Write>(&self, how: &Translation<'_>, mut output: W) -> Result<Translated, Error> {
        let mut texts = Texts::default();
        let allowed = how
            .allowed
            .iter()
            .map(|name| texts.add("allowed", Some(name)))
            .collect::<Result<Vec<*const c_char>, Error>>()?;
        let start = |text: Option<&str>| text.map_or(ptr::null(), |text| text.as_ptr() as *const c_char);
        let size = |text: Option<&str>| text.map_or(0, str::len);
        let translation = sys::ferry_translation {
            layout: texts.add("layout", how.layout)?,
            target_facts: start(how.target_facts),
            target_facts_size: size(how.target_facts),
            source_facts: start(how.source_facts),
            source_facts_size: size(how.source_facts),
            allowed: allowed.as_ptr(),
            allowed_count: allowed.len(),
            flags: if how.scrubs { sys::FERRY_TRANSLATION_SCRUB } else { 0 },
            reserved: 0,
        };
        let mut is_accepted = 0;
        let mut report = Vec::new();
        let (sink, into) = (sink::<W>(&mut output), sink::<Vec<u8>>(&mut report));
        // SAFETY: the translation, what it points to and both sinks live until the call returns.
        call(|error| unsafe {
            sys::ferry_state_translate(self.handle.number, &translation, &mut is_accepted, &sink, &into, error)
        })?;
        if is_accepted != 0 {
            flush(&mut output)?;
        }
        Ok(Translated { is_accepted: is_accepted != 0, report: String::from_utf8_lossy(&report).into_owned() })
    }
}

/// How to translate a state for a device. The default checks it for a device of which nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Translation<'a> {
    /// The layout of the result; none for the same: the state is checked against the facts.
    pub layout: Option<&'a str>,
    /// What is known of the target, as YAML (`schemas/device-facts.schema.json`).
    pub target_facts: Option<&'a str>,
    /// What is known of the source.
    pub source_facts: Option<&'a str>,
    /// The names of losses that are accepted, as `ferry translate --allow` takes them.
    pub allowed: &'a [&'a str],
    /// Whether bytes that mean nothing become zeros.
    pub scrubs: bool,
}

/// What became of a translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// Whether there is a result.
    pub is_accepted: bool,
    /// Every rewrite and refusal, as one of the `devices` of `schemas/translate.schema.json`.
    pub report: String,
}

/// A field of a state.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    state: &'a State,
    field: sys::ferry_field,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number.
    Integer(i128),
    /// Text, as it stands in the state.
    Text(&'a [u8]),
    /// Bytes that mean nothing to the layout; a computed field's may not be kept.
    Bytes(Option<&'a [u8]>),
    /// Fields, which are the children.
    Structure,
    /// Items, which are the children but for those that are not kept, between the first ones and the last four.
    Array {
        /// How many items are not kept.
        elided: u64,
    },
}

impl<'a> Field<'a> {
    /// Its name.
    pub fn name(&self) -> String {
        // SAFETY: the text is good until the state is closed.
        unsafe { copied_text(self.field.name) }.unwrap_or_default()
    }

    /// The label that the layout gives the value.
    pub fn meaning(&self) -> Option<String> {
        // SAFETY: the text is good until the state is closed.
        unsafe { copied_text(self.field.meaning) }
    }

    /// The bytes that it was read from; a computed field has none.
    pub fn range(&self) -> Option<Range<u64>> {
        if self.field.has_place == 0 {
            return None;
        }
        Some(self.field.offset..self.field.offset + self.field.size)
    }

    /// What it holds.
    pub fn value(&self) -> Value<'a> {
        match self.field.kind {
            sys::FERRY_FIELD_INTEGER => {
                Value::Integer(i128::from(self.field.integer_upper) << 64 | i128::from(self.field.integer))
            }
            sys::FERRY_FIELD_TEXT => Value::Text(self.content().unwrap_or(&[])),
            sys::FERRY_FIELD_BYTES => Value::Bytes(self.content()),
            sys::FERRY_FIELD_STRUCTURE => Value::Structure,
            _ => Value::Array { elided: self.field.elided_count },
        }
    }

    fn content(&self) -> Option<&'a [u8]> {
        if self.field.content.is_null() {
            let range = self.range()?;
            return self.state.bytes.get(range.start as usize..range.end as usize);
        }
        // SAFETY: the library has so many bytes there until the state is closed.
        Some(unsafe { slice::from_raw_parts(self.field.content as *const u8, self.field.content_size as usize) })
    }

    /// Its fields or items.
    pub fn children(&self) -> impl Iterator<Item = Result<Field<'a>, Error>> {
        let state = self.state;
        (self.field.first_child..self.field.first_child + self.field.child_count).map(move |number| state.field(number))
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("name", &self.name()).field("value", &self.value()).finish()
    }
}
