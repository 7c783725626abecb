//! Every declaration of `ferry-sys` is that of the C interface, by the record that holds `ferry.h` too.

use std::collections::HashMap;

const RECORD: &str = include_str!("../../../../Tests/CLibrary/interface.txt");
const STATUSES: &str = include_str!("../src/error.rs");
const DECLARATIONS: &str = include_str!("../../ferry-sys/src/lib.rs");

/// The lines of the record that begin with a word, without it: name and the rest.
fn recorded(word: &str) -> HashMap<&'static str, &'static str> {
    RECORD
        .lines()
        .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
        .map(|line| line.split_once(": ").unwrap())
        .collect()
}

#[test]
fn statuses_have_constants() {
    let errors = recorded("constant");
    let errors: Vec<_> = errors.keys().filter_map(|name| name.strip_prefix("FERRY_ERROR_")).collect();
    assert!(errors.len() > 20);
    for name in errors {
        assert!(STATUSES.contains(&format!(" {0} = FERRY_ERROR_{0};", name)), "{}", name);
    }
}

/// The Rust type of one of C's.
fn rust(c: &str) -> String {
    let c = c.trim();
    if let Some((result, parameters)) = c.split_once(" (*)(") {
        let parameters: Vec<_> = parameters.trim_end_matches(')').split(", ").map(rust).collect();
        let result = if result == "void" { String::new() } else { format!(" -> {}", rust(result)) };
        return format!("Option<unsafe extern \"C\" fn({}){}>", parameters.join(", "), result);
    }
    if let Some((element, count)) = c.strip_suffix(']').and_then(|c| c.rsplit_once('[')) {
        return format!("[{}; {}]", rust(element), count);
    }
    if let Some(pointee) = c.strip_suffix('*').map(str::trim_end) {
        return match (pointee.strip_suffix("*const"), pointee.strip_prefix("const ")) {
            (Some(pointee), _) => format!("*const {}", rust(&format!("{}*", pointee))),
            (None, Some(constant)) if !constant.ends_with('*') => format!("*const {}", rust(constant)),
            _ => format!("*mut {}", rust(pointee)),
        };
    }
    match c {
        "size_t" => "usize".to_owned(),
        "char" | "void" | "int" => format!("c_{}", c),
        _ => match (c.strip_prefix("uint"), c.strip_prefix("int")) {
            (Some(bits), _) => format!("u{}", bits.trim_end_matches("_t")),
            (_, Some(bits)) => format!("i{}", bits.trim_end_matches("_t")),
            _ => c.to_owned(),
        },
    }
}

/// The declarations on one line each, without what a formatter adds.
fn declarations() -> String {
    let text: Vec<_> = DECLARATIONS.split_whitespace().collect();
    text.join(" ").replace("( ", "(").replace(", )", ")").replace(",)", ")")
}

#[test]
fn functions_have_the_types_of_the_record() {
    let text = declarations();
    let functions = recorded("function");
    assert!(functions.len() > 40);
    for (name, c) in &functions {
        let (result, parameters) = c.split_once('(').unwrap();
        let parameters = parameters.strip_suffix(')').unwrap();
        let start = format!("pub fn {}(", name);
        let found = text.split(&start).nth(1).unwrap_or_else(|| panic!("{} is not declared", name));
        let (found, _) = found.split_once("; ").unwrap();
        let (found, answer) = found.rsplit_once(") -> ").unwrap();
        let types: Vec<_> = found
            .split(", ")
            .filter(|each| !each.is_empty())
            .map(|each| each.split_once(": ").unwrap().1.to_owned())
            .collect();
        let expected: Vec<_> = parameters.split(", ").filter(|each| *each != "void").map(rust).collect();
        assert_eq!((types, answer.to_owned()), (expected, rust(result)), "{}", name);
    }
    assert_eq!(text.matches("pub fn ").count(), functions.len(), "no function is declared that the record has not");
}

#[test]
fn numbers_are_those_of_the_record() {
    let constants = recorded("constant");
    assert!(constants.len() > 100);
    for (name, number) in &constants {
        let line = DECLARATIONS.lines().find(|line| line.starts_with(&format!("pub const {}: ", name)));
        let value = line.unwrap_or_else(|| panic!("{} is not declared", name)).rsplit_once("= ").unwrap().1;
        assert_eq!(&value.trim_end_matches(';'), number, "{}", name);
    }
    // FERRY_NOWHERE and FERRY_NONE are macros in C.
    assert_eq!(DECLARATIONS.matches("pub const ").count(), constants.len() + 2);
}

#[test]
fn structs_are_laid_out_as_in_the_record() {
    let sizes = recorded("struct");
    let members = recorded("member");
    let mut checked = 0;
    macro_rules! holds {
        ($($name:ident),+) => { $(
            let size = sizes[stringify!($name)].strip_suffix(" bytes").unwrap();
            assert_eq!(std::mem::size_of::<ferry_sys::$name>().to_string(), size, stringify!($name));
            checked += 1;
        )+ };
    }
    holds!(
        ferry_error,
        ferry_sink,
        ferry_source,
        ferry_file,
        ferry_host,
        ferry_config_access,
        ferry_space_state,
        ferry_region,
        ferry_interrupts,
        ferry_pasid_domain,
        ferry_pasid_binding,
        ferry_device,
        ferry_writer_options,
        ferry_record,
        ferry_stream_totals,
        ferry_range,
        ferry_ranges,
        ferry_damage,
        ferry_loss,
        ferry_state_summary,
        ferry_finding,
        ferry_field,
        ferry_translation,
        ferry_device_operations,
        ferry_pasid_abilities,
        ferry_pasid_operations,
        ferry_vfio_descriptors,
        ferry_vfio_domain,
        ferry_migration_device,
        ferry_progress,
        ferry_observer,
        ferry_migration_summary,
        ferry_capture_options,
        ferry_replay_options
    );
    assert_eq!(checked, sizes.len(), "every struct of the record is checked");

    // With the same types in the same order, `repr(C)` gives the same offsets.
    let text = declarations();
    for name in sizes.keys() {
        let body = text.split(&format!("pub struct {} {{ ", name)).nth(1).unwrap().split(", }").next().unwrap();
        let found: Vec<_> = body.split("pub ").filter(|each| !each.is_empty()).collect();
        let prefix = format!("{}.", name);
        let mut expected: Vec<_> = members.iter().filter(|(member, _)| member.starts_with(&prefix)).collect();
        let offset =
            |line: &str| line.split(" at ").nth(1).unwrap().split(',').next().unwrap().parse::<usize>().unwrap();
        expected.sort_by_key(|(_, line)| offset(line));
        assert_eq!(found.len(), expected.len(), "{}", name);
        for (found, (member, line)) in found.iter().zip(expected) {
            let kind = rust(line.split_once(", ").unwrap().1);
            let expected = format!("{}: {}", &member[prefix.len()..], kind);
            assert_eq!(found.trim().trim_end_matches(','), expected, "{}", name);
        }
    }
}
