//! `zeekwire decode`: shows what event some bytes are.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use zeekwire::limits::PAYLOAD_BYTES_MAX;
use zeekwire::serializer::{decode_any, event_to_json};

use crate::failure::{Failure, why};
use crate::flags::format_name;
use crate::output::{self, Output};
use crate::render::event::{call, metadata};

/// Decode the payload of a message
///
/// Prints the event as a call, and its metadata below. Bytes that are not an event of the format
/// give an error that names the place.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("input").required(true))]
pub(crate) struct DecodeFlags {
    /// The format of the bytes: capnp-v1, broker-bin-v1 or broker-json-v1
    #[arg(short, long, value_name = "NAME", value_parser = format_name)]
    format: String,

    /// The bytes, as hexadecimal digits; spaces, colons and 0x do not matter
    #[arg(long, value_name = "HEX", group = "input")]
    hex: Option<String>,

    /// A file with the bytes; - is standard input
    #[arg(value_name = "FILE", group = "input")]
    file: Option<PathBuf>,

    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(flags: &DecodeFlags) -> Result<(), Failure> {
    let bytes = match (&flags.hex, &flags.file) {
        (Some(hex), _) => {
            unhex(hex).map_err(|error| Failure::usage(format_args!("--hex: {error}")))?
        }
        (None, Some(file)) => read(file)?,
        (None, None) => return Err(Failure::usage("name a FILE, or give --hex")),
    };
    let event = decode_any(&flags.format, &bytes).map_err(Failure::job)?;
    if flags.json {
        let mut out = Vec::new();
        event_to_json(&event, &mut out);
        out.push(b'\n');
        let mut output = Output::new();
        output.bytes(&out)?;
        return output.flush();
    }
    output::print(format_args!("{}{}", call(&event), metadata(&event)))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| {
        Failure::job(format_args!(
            "cannot read {}: {}",
            path.display(),
            why(&error)
        ))
    };
    let mut bytes = Vec::new();
    let limit = PAYLOAD_BYTES_MAX as u64 + 1;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path)
            .map_err(failed)?
            .take(limit)
            .read_to_end(&mut bytes)
    };
    read.map_err(failed)?;
    Ok(bytes)
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let ignored = |b: &u8| b.is_ascii_whitespace() || *b == b':';
    let mut digits = Vec::with_capacity(text.len());
    for word in text.split(|c: char| c.is_ascii() && ignored(&(c as u8))) {
        digits.extend(word.strip_prefix("0x").unwrap_or(word).bytes());
    }
    if !digits.len().is_multiple_of(2) {
        return Err(format!("{} digits; a byte has two", digits.len()));
    }
    let value = |digit: u8| {
        let value = char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok());
        value.ok_or_else(|| format!("{:?} is not a hexadecimal digit", char::from(digit)))
    };
    digits
        .chunks_exact(2)
        .map(|pair| Ok(value(pair[0])? << 4 | value(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_as_people_paste_it() {
        for text in [
            "0102ff",
            "01 02\nFF",
            "01:02:ff",
            "0x01 0x02 0xff",
            "0x0102ff",
        ] {
            assert_eq!(unhex(text), Ok(vec![1, 2, 255]), "of {text:?}");
        }
        assert_eq!(unhex(""), Ok(vec![]));
        assert!(unhex("012").unwrap_err().contains("3 digits"));
        assert!(unhex("0g").unwrap_err().contains("'g'"));
        assert!(unhex("é").is_err());
    }
}
