//! What the crate promises of states, over the library that is linked.

use ferry::{Certainty, Field, Severity, State, Status, Translation, Value};
use std::fs;
use std::io::BufWriter;
use std::path::Path;

fn mtty(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../corpora/mtty").join(name)).unwrap()
}

fn child<'a>(field: &Field<'a>, name: &str) -> Field<'a> {
    field.children().map(Result::unwrap).find(|child| child.name() == name).unwrap()
}

#[test]
fn a_state_is_what_it_says() {
    let state = State::open(mtty("mtty2-5.state"), None, Some("mtty")).unwrap();
    let summary = state.summary().unwrap();
    assert_eq!((summary.layout.as_str(), summary.certainty), ("mtty", Certainty::Certain));
    assert!(summary.is_sound && summary.is_complete && summary.size == state.bytes().len() as u64);
    assert!(state.findings().unwrap().is_empty() && summary.more_findings == 0);
    let json = state.json().unwrap();
    assert!(json.starts_with('{') && json.ends_with("}\n") && json.contains("\"mtty\""));
}

#[test]
fn a_state_is_a_tree() {
    let bytes = mtty("mtty2-5.state");
    let state = State::open(bytes.clone(), Some("mtty"), None).unwrap();
    assert_eq!(state.summary().unwrap().certainty, Certainty::Given);
    let root = state.root().unwrap();
    assert_eq!((root.value(), root.range()), (Value::Structure, Some(0..bytes.len() as u64)));
    let magic = child(&child(&root, "header"), "magic");
    assert_eq!((magic.value(), magic.range()), (Value::Integer(0x7e9d_0989_8c3e_2c4e), Some(0..8)));
    let ports = child(&root, "ports");
    assert_eq!(ports.value(), Value::Array { elided: 0 });
    let ports: Vec<_> = ports.children().map(Result::unwrap).collect();
    assert_eq!(ports.len(), 2);
    let fifo = child(&ports[0], "fifo");
    let range = fifo.range().unwrap();
    assert_eq!(fifo.value(), Value::Bytes(Some(&bytes[range.start as usize..range.end as usize])));

    /// Every field has a name, and lies in the one above.
    fn walk(field: &Field<'_>, count: &mut usize) {
        *count += 1;
        for child in field.children().map(Result::unwrap) {
            if let (Some(outer), Some(inner)) = (field.range(), child.range()) {
                assert!(outer.start <= inner.start && inner.end <= outer.end, "{:?}", child);
            }
            walk(&child, count);
        }
    }
    let mut count = 0;
    walk(&root, &mut count);
    assert!(count > 20);
}

#[test]
fn damage_is_a_finding() {
    let mut bytes = mtty("mtty1-1.state");
    bytes.truncate(50);
    let state = State::open(bytes, None, None).unwrap();
    let summary = state.summary().unwrap();
    assert!(!summary.is_sound && !summary.is_complete);
    let findings = state.findings().unwrap();
    assert!(findings.iter().any(|finding| finding.severity == Severity::Error && !finding.message.is_empty()));
    assert!(findings.iter().all(|finding| finding.range.end <= 50));
    let refused = state.translate(&Translation::default(), Vec::new()).unwrap();
    assert!(!refused.is_accepted && refused.report.contains("\"refus"));
}

#[test]
fn a_state_is_translated_or_refused() {
    let state = State::open(mtty("mtty1-1.state"), None, Some("mtty")).unwrap();
    let mut how = Translation { target_facts: Some("mtty: { ports: 2 }"), ..Translation::default() };
    let mut output = Vec::new();
    let refused = state.translate(&how, &mut output).unwrap();
    assert!(!refused.is_accepted && output.is_empty() && refused.report.contains("ports"));
    how.allowed = &["invent-port"];
    let accepted = state.translate(&how, &mut output).unwrap();
    assert!(accepted.is_accepted);
    assert!(State::open(output, Some("mtty"), None).unwrap().summary().unwrap().is_sound);

    let lacks_room = BufWriter::with_capacity(1 << 16, &mut [][..]);
    let error = state.translate(&how, lacks_room).unwrap_err();
    assert_eq!(error.status, Status::CALLBACK);

    how.allowed = &["nothing"];
    assert_eq!(state.translate(&how, Vec::new()).unwrap_err().status, Status::ARGUMENT);
    how.allowed = &[];
    how.target_facts = Some("mtty: {\n  ports: many }");
    let error = state.translate(&how, Vec::new()).unwrap_err();
    assert_eq!((error.status, error.line.unwrap().0), (Status::FACTS, 2));
}

#[test]
fn what_no_layout_describes_is_an_error() {
    assert_eq!(State::open(vec![1, 2, 3], None, None).unwrap_err().status, Status::UNDECIDED);
    assert_eq!(State::open(vec![], Some("none"), None).unwrap_err().status, Status::LAYOUT);
    assert_eq!(State::open(vec![], Some("a\0b"), None).unwrap_err().status, Status::ARGUMENT);
    let empty = State::open(vec![], Some("mtty"), None).unwrap();
    assert!(!empty.summary().unwrap().is_sound);
}

#[test]
fn a_state_moves_to_another_thread() {
    let state = State::open(mtty("mtty1-1.state"), None, None).unwrap();
    assert!(std::thread::spawn(move || state.summary().unwrap().is_sound).join().unwrap());
}
