//! Reading JSON lines.

use std::collections::HashMap;
use std::sync::Arc;

use zeekwire_types::LogField;
use zeekwire_types::LogType;
use zeekwire_types::value::Port;
use zeekwire_types::value::PortProtocol;

use super::error::ReadFault;
use super::inference::Inference;
use super::json_text::Cursor;
use super::json_text::Token;
use super::json_text::push_unescaped;
use super::row::RowBuffer;
use super::row::Slot;
use super::row::Span;
use super::scalar;
use crate::calendar::parse_iso8601;
use crate::escaping::JsonEscaper;
use crate::escaping::hex_escape;
use crate::escaping::unescape;
use crate::formatter::whole;
use crate::options::StringEscapePolicy;
use crate::options::TimestampFormat;

/// The fields of a file, and how its strings are to be taken.
#[derive(Debug)]
pub(super) struct JsonParser {
    pub(super) fields: Arc<[LogField]>,
    /// Where each field is, by the text of its key.
    places: HashMap<Vec<u8>, usize>,
    /// Guesses the types; `None` when they were told.
    inference: Option<Inference>,
    /// How the file's times look, as far as it was seen.
    pub(super) timestamps: Option<TimestampFormat>,
    policy: StringEscapePolicy,
    escaper: JsonEscaper,
    hex: JsonEscaper,
    /// For strings whose bytes are guessed.
    scratch: [Vec<u8>; 3],
}

impl JsonParser {
    /// A parser for rows of these fields.
    pub(super) fn told(fields: Arc<[LogField]>, policy: StringEscapePolicy) -> Self {
        let mut parser = Self::new(policy);
        parser.set_fields(fields);
        parser
    }

    /// A parser that guesses the fields from a sample of lines, and learns from those after it.
    pub(super) fn guessing(sample: &[u8], policy: StringEscapePolicy) -> Self {
        let mut inference = Inference::default();
        for line in sample.split(|&byte| byte == b'\n') {
            // A line that is wrong says so when its row is read.
            let _ = inference.learn(line);
        }
        inference.settle();
        let mut parser = Self::new(policy);
        parser.set_fields(inference.fields().into());
        parser.inference = Some(inference);
        parser
    }

    fn new(policy: StringEscapePolicy) -> Self {
        Self {
            fields: Vec::new().into(),
            places: HashMap::new(),
            inference: None,
            timestamps: None,
            policy,
            escaper: JsonEscaper::new(policy),
            hex: JsonEscaper::new(StringEscapePolicy::Hex),
            scratch: [const { Vec::new() }; 3],
        }
    }

    fn set_fields(&mut self, fields: Arc<[LogField]>) {
        let names = fields.iter().enumerate();
        self.places = names
            .map(|(at, field)| (field.name.clone().into_bytes(), at))
            .collect();
        self.fields = fields;
    }

    /// Reads a row. What does not fit guessed fields changes them first.
    pub(super) fn parse(&mut self, row: &mut RowBuffer, line: &[u8]) -> Result<(), ReadFault> {
        let result = self.try_parse(row, line);
        let (Err(_), Some(inference)) = (&result, &mut self.inference) else {
            return result;
        };
        inference.learn(line)?;
        let fields = inference.fields();
        if *self.fields == *fields {
            return result;
        }
        self.set_fields(fields.into());
        self.try_parse(row, line)
    }

    fn try_parse(&mut self, row: &mut RowBuffer, line: &[u8]) -> Result<(), ReadFault> {
        row.clear();
        row.slots.resize(self.fields.len(), Slot::Unset);
        let mut seen = Seen::default();
        let fields = Arc::clone(&self.fields);
        let mut cursor = Cursor::new(line);
        cursor.open()?;
        let mut expected = 0;
        let mut is_first = true;
        while let Some(key) = cursor.key(is_first)? {
            is_first = false;
            let at = self.place(&fields, key, expected)?;
            expected = at + 1;
            let field = &fields[at];
            if seen.contains_or_add(at) {
                return Err(ReadFault::DuplicateField(field.name.clone()));
            }
            row.slots[at] = match cursor.value()? {
                Token::Null => Slot::Unset,
                Token::List => self.list(row, field, &mut cursor)?,
                token => self.scalar(row, field, field.kind, token)?,
            };
        }
        Ok(())
    }

    /// Where the key's field is; mostly where the row's order has it.
    fn place(
        &mut self,
        fields: &[LogField],
        key: &[u8],
        expected: usize,
    ) -> Result<usize, ReadFault> {
        let after = fields.iter().enumerate().skip(expected);
        // A name with escapes is not found here, and below by its text.
        if let Some((at, _)) = after
            .take(8)
            .find(|(_, field)| field.name.as_bytes() == key)
        {
            return Ok(at);
        }
        let [text, ..] = &mut self.scratch;
        text.clear();
        let is_text = push_unescaped(text, key);
        let found = self.places.get(text).filter(|_| is_text);
        found.copied().ok_or_else(|| {
            let name = if is_text { text } else { key };
            ReadFault::UnknownField(String::from_utf8_lossy(name).into_owned())
        })
    }

    fn list(
        &mut self,
        row: &mut RowBuffer,
        field: &LogField,
        cursor: &mut Cursor<'_>,
    ) -> Result<Slot, ReadFault> {
        let start = row.elements.len();
        let mut is_first = true;
        while let Some(token) = cursor.element(is_first)? {
            is_first = false;
            let Some(kind) = field.element else {
                return Err(ReadFault::value(field, b"[...]"));
            };
            let slot = self.scalar(row, field, kind, token)?;
            row.elements.push(slot);
        }
        match field.element {
            Some(_) => Ok(Slot::container(
                field.kind,
                Span::new(start..row.elements.len()),
            )),
            None => Err(ReadFault::value(field, b"[]")),
        }
    }

    fn scalar(
        &mut self,
        row: &mut RowBuffer,
        field: &LogField,
        kind: LogType,
        token: Token<'_>,
    ) -> Result<Slot, ReadFault> {
        let (slot, found) = match token {
            Token::Null => return Ok(Slot::Unset),
            Token::Bool(value) => {
                let word: &[u8] = if value { b"true" } else { b"false" };
                let slot = match kind {
                    LogType::Bool => Some(Slot::Bool(value)),
                    _ => push_text(row, kind, word),
                };
                (slot, word)
            }
            Token::Number(text) => (self.number(row, kind, text), text),
            Token::String(text) => (self.string(row, kind, text), text),
            Token::List => (None, &b"[...]"[..]),
        };
        slot.ok_or_else(|| ReadFault::value(field, found))
    }

    fn number(&mut self, row: &mut RowBuffer, kind: LogType, text: &[u8]) -> Option<Slot> {
        let is_whole = !text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        match kind {
            LogType::Time if is_whole => {
                // Seconds have a fraction always, so this is milliseconds.
                let millis = std::str::from_utf8(text).ok()?.parse::<i64>();
                let (format, millis) = match millis {
                    Ok(millis) => (TimestampFormat::Millis, millis),
                    Err(_) => (
                        TimestampFormat::MillisUnsigned,
                        scalar::count(text)?.cast_signed(),
                    ),
                };
                self.timestamps = Some(format);
                Some(Slot::Time(seconds(millis)))
            }
            LogType::Time => {
                self.timestamps.get_or_insert(TimestampFormat::Epoch);
                scalar::parse(kind, text)
            }
            LogType::Count | LogType::Int | LogType::Port if !is_whole => None,
            LogType::Count | LogType::Int | LogType::Double | LogType::Interval => {
                scalar::parse(kind, text)
            }
            LogType::Port => {
                let number = u16::try_from(scalar::count(text)?).ok()?;
                Some(Slot::Port(Port::new(number, PortProtocol::Unknown)))
            }
            _ => push_text(row, kind, text),
        }
    }

    fn string(&mut self, row: &mut RowBuffer, kind: LogType, text: &[u8]) -> Option<Slot> {
        let start = row.text.len();
        if !push_unescaped(&mut row.text, text) {
            return None;
        }
        let text = &row.text[start..];
        match kind {
            LogType::String | LogType::Enum | LogType::Function | LogType::File => {
                self.restore_bytes(row, start, kind);
                Slot::text(kind, Span::new(start..row.text.len()))
            }
            LogType::Addr => scalar::address(text).map(Slot::Addr),
            LogType::Subnet => scalar::subnet(text).map(Slot::Subnet),
            LogType::Time => {
                let time = parse_iso8601(text)?;
                self.timestamps = Some(TimestampFormat::Iso8601);
                Some(Slot::Time(time))
            }
            _ => None,
        }
    }

    /// Undoes what the policy did to bytes that cannot be printed, where doing it again gives the
    /// same text.
    fn restore_bytes(&mut self, row: &mut RowBuffer, start: usize, kind: LogType) {
        let policy = match kind {
            LogType::String => self.policy,
            _ => StringEscapePolicy::Hex,
        };
        let text = &row.text[start..];
        let [_, guess, again] = &mut self.scratch;
        guess.clear();
        match policy {
            StringEscapePolicy::Hex | StringEscapePolicy::Tsv => {
                if memchr::memchr(b'\\', text).is_none() {
                    return;
                }
                guess.extend_from_slice(text);
                let length = match policy {
                    StringEscapePolicy::Tsv => unescape(guess),
                    _ => undo_hex(guess),
                };
                guess.truncate(length);
            }
            StringEscapePolicy::PrivateUse => {
                if memchr::memchr(0xf3, text).is_none() {
                    return;
                }
                undo_private(text, guess);
            }
        }
        let escaper = match kind {
            LogType::String => &mut self.escaper,
            _ => &mut self.hex,
        };
        let mut escaped = Vec::new();
        escaper.push_string(&mut escaped, guess);
        again.clear();
        let is_text = push_unescaped(again, &escaped[1..escaped.len() - 1]);
        if is_text && again == text {
            row.text.truncate(start);
            row.text.extend_from_slice(guess);
        }
    }
}

/// The time that is so many milliseconds when its fraction is cut off.
fn seconds(millis: i64) -> f64 {
    let time = millis as f64 / 1000.0;
    let further = if millis < 0 {
        time.next_down()
    } else {
        time.next_up()
    };
    if whole(time * 1000.0) == millis {
        time
    } else {
        further
    }
}

fn push_text(row: &mut RowBuffer, kind: LogType, text: &[u8]) -> Option<Slot> {
    if kind != LogType::String {
        return None;
    }
    let start = row.text.len();
    row.text.extend_from_slice(text);
    Slot::text(kind, Span::new(start..row.text.len()))
}

/// Undoes `\x` and two digits in place, and nothing else; returns the length of what is left.
fn undo_hex(text: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while from < text.len() {
        let (byte, used) = match hex_escape(&text[from..]) {
            Some(byte) => (byte, 4),
            None => (text[from], 1),
        };
        text[to] = byte;
        to += 1;
        from += used;
    }
    to
}

/// Turns characters from U+F0000 to U+F00FF into the bytes that they stand for.
fn undo_private(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match *rest {
            [0xf3, 0xb0, third @ 0x80..=0x83, fourth @ 0x80..=0xbf, ..] => {
                out.push((third & 3) << 6 | (fourth & 0x3f));
                rest = &rest[4..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
}

/// Which fields a row has had.
#[derive(Default)]
struct Seen {
    first: u64,
    more: Vec<bool>,
}

impl Seen {
    fn contains_or_add(&mut self, at: usize) -> bool {
        if at < 64 {
            let was = self.first >> at & 1 == 1;
            self.first |= 1 << at;
            return was;
        }
        if self.more.len() <= at {
            self.more.resize(at + 1, false);
        }
        std::mem::replace(&mut self.more[at], true)
    }
}
