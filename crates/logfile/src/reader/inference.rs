//! Fields and types of JSON lines, from what the lines hold.
//!
//! What a value looks like decides, and for three names Zeek's customs: `ts` is a time, a name that
//! ends with `_h` an address, one that ends with `_p` a port, where all values can be that.

use std::collections::BTreeSet;
use std::collections::HashMap;

use zeekwire_types::LogField;
use zeekwire_types::LogType;
use zeekwire_types::limits::LOG_FIELD_COUNT_MAX;

use super::error::ReadFault;
use super::json_text::Cursor;
use super::json_text::Token;
use super::json_text::push_unescaped;
use super::scalar;
use crate::calendar::parse_iso8601;

/// What the lines have shown.
#[derive(Debug, Default)]
pub(super) struct Inference {
    /// In the order of the fields.
    seen: Vec<SeenField>,
    places: HashMap<String, usize>,
    /// Which field comes directly before which, until the order is settled.
    steps: BTreeSet<(usize, usize)>,
    is_settled: bool,
}

#[derive(Debug)]
struct SeenField {
    name: String,
    shape: Shape,
}

/// What the values of a field have in common.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Shape {
    /// Whether they are lists; `None` while there was none.
    is_list: Option<bool>,
    scalar: Scalar,
}

/// What fits all scalars so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Scalar {
    #[default]
    Nothing,
    Bool,
    /// A number that may be a port's.
    Small,
    Count,
    Int,
    Double,
    Iso8601,
    Address,
    Text,
}

impl Scalar {
    fn of(token: Token<'_>, text: &mut Vec<u8>) -> Self {
        match token {
            Token::Null | Token::List => Self::Nothing,
            Token::Bool(_) => Self::Bool,
            Token::Number(number) => Self::of_number(number),
            Token::String(string) => {
                text.clear();
                if !push_unescaped(text, string) {
                    Self::Text
                } else if scalar::address(text).is_some() {
                    Self::Address
                } else if parse_iso8601(text).is_some() {
                    Self::Iso8601
                } else {
                    Self::Text
                }
            }
        }
    }

    fn of_number(number: &[u8]) -> Self {
        match scalar::count(number) {
            Some(0..=65_535) => Self::Small,
            Some(_) => Self::Count,
            None => match scalar::parse(LogType::Int, number) {
                Some(_) => Self::Int,
                None => Self::Double,
            },
        }
    }

    /// What fits both.
    fn joined(self, other: Self) -> Self {
        let numbers = [Self::Small, Self::Count, Self::Int, Self::Double];
        let rank = |scalar| numbers.iter().position(|number| *number == scalar);
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (one, same) if one == same => one,
            _ => match (rank(self), rank(other)) {
                (Some(a), Some(b)) => numbers[a.max(b)],
                _ => Self::Text,
            },
        }
    }

    fn kind(self, name: &str) -> LogType {
        match self {
            Self::Small | Self::Count | Self::Int | Self::Double if name == "ts" => LogType::Time,
            Self::Small if name.ends_with("_p") => LogType::Port,
            Self::Address if name.ends_with("_h") => LogType::Addr,
            Self::Iso8601 => LogType::Time,
            Self::Bool => LogType::Bool,
            Self::Small | Self::Count => LogType::Count,
            Self::Int => LogType::Int,
            Self::Double => LogType::Double,
            Self::Nothing | Self::Address | Self::Text => LogType::String,
        }
    }
}

impl Inference {
    /// Learns from a line; an empty one says nothing.
    pub(super) fn learn(&mut self, line: &[u8]) -> Result<(), ReadFault> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let shapes = shapes(line)?;
        let mut before = None;
        for (name, shape) in shapes {
            let at = self.place(name)?;
            let known = &mut self.seen[at].shape;
            if known.is_list.is_none() {
                known.is_list = shape.is_list;
            }
            if shape.is_list.is_none() || known.is_list == shape.is_list {
                known.scalar = known.scalar.joined(shape.scalar);
            }
            if let Some(before) = before.replace(at)
                && !self.is_settled
            {
                self.steps.insert((before, at));
            }
        }
        Ok(())
    }

    fn place(&mut self, name: String) -> Result<usize, ReadFault> {
        if let Some(&at) = self.places.get(&name) {
            return Ok(at);
        }
        let at = self.seen.len();
        if at == LOG_FIELD_COUNT_MAX {
            return Err(ReadFault::Header(
                "the rows together have more fields than a log may have",
            ));
        }
        self.places.insert(name.clone(), at);
        self.seen.push(SeenField {
            name,
            shape: Shape::default(),
        });
        Ok(at)
    }

    /// Puts the fields in an order that agrees with all lines, as far as there is one. From here
    /// on, new ones come last.
    pub(super) fn settle(&mut self) {
        let count = self.seen.len();
        let mut followers = vec![Vec::new(); count];
        let mut before = vec![0_usize; count];
        for (first, second) in std::mem::take(&mut self.steps) {
            followers[first].push(second);
            before[second] += 1;
        }
        let mut waiting: BTreeSet<usize> = (0..count).collect();
        let mut ready: BTreeSet<usize> = (0..count).filter(|&at| before[at] == 0).collect();
        let mut order = Vec::with_capacity(count);
        // Where lines contradict each other, the field that was seen first goes first.
        while let Some(&at) = ready.first().or_else(|| waiting.first()) {
            ready.remove(&at);
            waiting.remove(&at);
            order.push(at);
            for &next in &followers[at] {
                before[next] = before[next].saturating_sub(1);
                if before[next] == 0 && waiting.contains(&next) {
                    ready.insert(next);
                }
            }
        }
        let mut places = vec![0; count];
        for (place, at) in order.into_iter().enumerate() {
            places[at] = place;
        }
        let mut seen: Vec<_> = std::mem::take(&mut self.seen)
            .into_iter()
            .zip(places)
            .collect();
        seen.sort_by_key(|(_, place)| *place);
        self.seen = seen.into_iter().map(|(field, _)| field).collect();
        let names = self.seen.iter().enumerate();
        self.places = names.map(|(at, field)| (field.name.clone(), at)).collect();
        self.is_settled = true;
    }

    /// The fields as they are known by now. All are optional: a line may lack any.
    pub(super) fn fields(&self) -> Vec<LogField> {
        let field = |seen: &SeenField| {
            let SeenField { name, shape } = seen;
            let kind = shape.scalar.kind(name);
            match shape.is_list {
                Some(true) => LogField::vector(name, kind).optional(),
                _ => LogField::new(name, kind).optional(),
            }
        };
        self.seen.iter().map(field).collect()
    }
}

/// The fields of one line.
fn shapes(line: &[u8]) -> Result<Vec<(String, Shape)>, ReadFault> {
    let mut shapes = Vec::new();
    let mut text = Vec::new();
    let mut cursor = Cursor::new(line);
    cursor.open()?;
    while let Some(key) = cursor.key(shapes.is_empty())? {
        let value = cursor.value()?;
        let mut shape = Shape {
            is_list: None,
            scalar: Scalar::of(value, &mut text),
        };
        match value {
            Token::Null => {}
            Token::List => {
                shape.is_list = Some(true);
                let mut is_first = true;
                while let Some(element) = cursor.element(is_first)? {
                    is_first = false;
                    shape.scalar = shape.scalar.joined(Scalar::of(element, &mut text));
                }
            }
            _ => shape.is_list = Some(false),
        }
        let mut name = Vec::new();
        if !push_unescaped(&mut name, key) {
            name = key.to_vec();
        }
        shapes.push((String::from_utf8_lossy(&name).into_owned(), shape));
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(lines: &[&str]) -> String {
        let mut inference = Inference::default();
        for line in lines {
            inference.learn(line.as_bytes()).unwrap();
        }
        inference.settle();
        let fields = inference.fields();
        let shown: Vec<_> = fields
            .iter()
            .map(|field| format!("{}:{}", field.name, field.type_name()))
            .collect();
        shown.join(" ")
    }

    #[test]
    fn types_fit_all_values() {
        for (lines, fields) in [
            (&[r#"{"a":1}"#, r#"{"a":70000}"#][..], "a:count"),
            (&[r#"{"a":1}"#, r#"{"a":-1}"#], "a:int"),
            (&[r#"{"a":-1}"#, r#"{"a":1.0}"#], "a:double"),
            (&[r#"{"a":1}"#, r#"{"a":"x"}"#], "a:string"),
            (&[r#"{"a":null}"#, r#"{"a":true}"#], "a:bool"),
            (&[r#"{"a":[]}"#, r#"{"a":[1,2.5]}"#], "a:vector[double]"),
            (&[r#"{"a":[]}"#], "a:vector[string]"),
            (&[r#"{"a":"2026-01-20T00:00:01.000000Z"}"#], "a:time"),
            (&[r#"{"a":"2026-02-30T00:00:01.000000Z"}"#], "a:string"),
            (&[r#"{"a":null}"#], "a:string"),
        ] {
            assert_eq!(infer(lines), fields);
        }
    }

    #[test]
    fn customs_of_zeek_name_times_addresses_and_ports() {
        let line = r#"{"ts":1.5,"id.orig_h":"10.0.0.1","id.orig_p":80,"a":"::1","b":80}"#;
        let types = "ts:time id.orig_h:addr id.orig_p:port a:string b:count";
        assert_eq!(infer(&[line]), types);
        assert_eq!(
            infer(&[r#"{"x_h":"host","x_p":65536}"#]),
            "x_h:string x_p:count"
        );
    }

    #[test]
    fn fields_have_an_order_that_all_rows_agree_with() {
        let keys = |rows: &[&str]| {
            let line = |row: &&str| {
                let pairs: Vec<_> = row.chars().map(|key| format!("\"{key}\":1")).collect();
                format!("{{{}}}", pairs.join(","))
            };
            let lines: Vec<_> = rows.iter().map(line).collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            infer(&lines).replace(":count", "")
        };
        assert_eq!(keys(&["ad", "acd", "abcd", "abe", "de"]), "a b c d e");
        // Rows that contradict each other.
        assert_eq!(keys(&["ab", "ba"]), "a b");
        assert_eq!(keys(&["cab", "abc"]), "c a b");
    }
}
