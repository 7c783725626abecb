//! As much of JSON as the vectors have: they are ASCII, and their numbers are integers.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    pub fn parse(text: &str) -> Json {
        let mut rest = text;
        let value = value(&mut rest);
        assert!(rest.trim().is_empty(), "nothing comes behind the document");
        value
    }

    /// A member; `Null` if it is not there.
    pub fn at(&self, name: &str) -> &Json {
        match self {
            Json::Map(members) => members.get(name).unwrap_or(&Json::Null),
            _ => panic!("expected an object with {}, found {:?}", name, self),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        *self.at(name) != Json::Null
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            Json::Null => &[],
            _ => panic!("expected a list, found {:?}", self),
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number; 0 if there is none.
    pub fn number(&self) -> u64 {
        match self {
            Json::Number(number) => *number as u64,
            Json::Null => 0,
            _ => panic!("expected a number, found {:?}", self),
        }
    }

    pub fn numbers(&self) -> Vec<u64> {
        self.list().iter().map(Json::number).collect()
    }

    pub fn map<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub fn set(&mut self, name: &str, value: Json) {
        match self {
            Json::Map(members) => members.insert(name.to_owned(), value),
            _ => panic!("expected an object, found {:?}", self),
        };
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Number(number as i64)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Json {
        Json::List(items)
    }
}

fn skip(rest: &mut &str) -> char {
    *rest = rest.trim_start();
    rest.chars().next().expect("a document does not end here")
}

fn take(rest: &mut &str, expected: char) -> bool {
    let is_there = skip(rest) == expected;
    if is_there {
        *rest = &rest[1..];
    }
    is_there
}

fn value(rest: &mut &str) -> Json {
    match skip(rest) {
        '{' => {
            let mut members = BTreeMap::new();
            *rest = &rest[1..];
            while !take(rest, '}') {
                let name = string(rest);
                assert!(take(rest, ':'));
                assert!(members.insert(name, value(rest)).is_none(), "no name comes twice");
                take(rest, ',');
            }
            Json::Map(members)
        }
        '[' => {
            let mut items = Vec::new();
            *rest = &rest[1..];
            while !take(rest, ']') {
                items.push(value(rest));
                take(rest, ',');
            }
            Json::List(items)
        }
        '"' => Json::Text(string(rest)),
        'n' => {
            *rest = rest.strip_prefix("null").expect("null");
            Json::Null
        }
        _ => {
            let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
            let number = rest[..end].parse().unwrap_or_else(|_| panic!("expected a value, found {:.20}", rest));
            *rest = &rest[end..];
            Json::Number(number)
        }
    }
}

fn string(rest: &mut &str) -> String {
    assert!(take(rest, '"'));
    let mut found = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next().expect("a text has an end") {
            '"' => break,
            '\\' => match characters.next().expect("a text has an end") {
                'n' => found.push('\n'),
                't' => found.push('\t'),
                'r' => found.push('\r'),
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    found.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap());
                }
                other => found.push(other),
            },
            other => found.push(other),
        }
    }
    *rest = characters.as_str();
    found
}
