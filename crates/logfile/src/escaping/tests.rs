//! Escaping, held against what Zeek's own code does.

use proptest::prelude::*;

use super::*;
use crate::options::StringEscapePolicy;

fn tsv_with(escaper: &TsvEscaper, text: &[u8], in_container: bool) -> String {
    let mut out = Vec::new();
    escaper.push(&mut out, text, in_container);
    String::from_utf8_lossy(&out).into_owned()
}

fn tsv(text: impl AsRef<[u8]>) -> String {
    tsv_with(&TsvEscaper::new(b"\t", b",", true), text.as_ref(), false)
}

fn json(policy: StringEscapePolicy, text: impl AsRef<[u8]>) -> String {
    let mut out = Vec::new();
    JsonEscaper::new(policy).push_string(&mut out, text.as_ref());
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn one_bad_byte_spoils_its_run() {
    assert_eq!(tsv("naïve"), "naïve");
    assert_eq!(tsv(b"na\xc3\xafve\xff"), r"na\xc3\xafve\xff");
    // A line break is as bad as a byte that is no character.
    assert_eq!(tsv("ï\n"), r"\xc3\xaf\x0a");
    // A backslash and a separator end the run.
    assert_eq!(tsv(b"\xc3\xaf\\\xff"), "ï\\\\\\xff");
    assert_eq!(tsv(b"\xff\t\xc3\xaf"), "\\xff\\x09ï");
}

#[test]
fn characters_that_do_not_show_are_escaped() {
    for (text, escaped) in [
        ("\u{7f}", r"\x7f"),
        ("\u{85}", r"\xc2\x85"),
        ("\u{a0}", "\u{a0}"),
        ("\u{e000}", r"\xee\x80\x80"),
        ("\u{fff0}", r"\xef\xbf\xb0"),
        ("\u{fdd0}", "\u{fdd0}"),
        ("\u{10ffff}", "\u{10ffff}"),
        ("\0", r"\x00"),
    ] {
        assert_eq!(tsv(text), escaped);
    }
    for bad in [
        &b"\xc3("[..],
        b"\xc0\x81",
        b"\xed\xa0\xa1",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
    ] {
        assert!(tsv(bad).starts_with("\\x"), "{bad:?}");
    }
}

#[test]
fn separators_count_at_their_place() {
    let escaper = TsvEscaper::new(b"\t", b",", true);
    assert_eq!(tsv_with(&escaper, b"a,b\tc", false), r"a,b\x09c");
    assert_eq!(tsv_with(&escaper, b"a,b\tc", true), r"a\x2cb\x09c");
    let escaper = TsvEscaper::new(b"||", b"|", true);
    assert_eq!(tsv_with(&escaper, b"a|b||c", false), r"a|b\x7c\x7cc");
    assert_eq!(tsv_with(&escaper, b"a|b||c", true), r"a\x7cb\x7c\x7cc");
    // Of two that fit, the shorter; and a backslash is doubled even in a separator.
    let escaper = TsvEscaper::new(b"ab", b"abc", true);
    assert_eq!(tsv_with(&escaper, b"abc", true), r"\x61\x62c");
    let escaper = TsvEscaper::new(b"a\\", b",", true);
    assert_eq!(tsv_with(&escaper, b"xa\\", false), r"x\x61\\");
    // An empty one keeps Zeek from looking for the other.
    let escaper = TsvEscaper::new(b"|", b"", true);
    assert_eq!(tsv_with(&escaper, b"a|", false), r"a\x7c");
    assert_eq!(tsv_with(&escaper, b"a|", true), "a|");
}

#[test]
fn without_utf8_only_bytes_count() {
    let escaper = TsvEscaper::new(b"\t", b",", false);
    assert_eq!(
        tsv_with(&escaper, "ï~\\\n".as_bytes(), false),
        r"\xc3\xaf~\\\x0a"
    );
}

#[test]
fn header_texts_show_white_space_and_keep_backslashes() {
    let mut out = Vec::new();
    push_header_text(&mut out, b"a b\\c\t\xff");
    assert_eq!(out, br"a\x20b\c\x09\xff");
    assert_eq!(header_text(&out), b"a b\\c\t\xff");
    assert_eq!(header_text(br"\x4g\x4A\x"), b"\\x4gJ\\x");
}

#[test]
fn json_strings_follow_the_policy() {
    use StringEscapePolicy::{Hex, PrivateUse, Tsv};
    for (text, hex, private, tsv) in [
        (&b"plain"[..], r#""plain""#, r#""plain""#, r#""plain""#),
        (b"q\"b\\", r#""q\"b\\""#, r#""q\"b\\""#, r#""q\"b\\\\""#),
        (
            b"\x08\t\n\x0c\r",
            r#""\b\t\n\f\r""#,
            r#""\b\t\n\f\r""#,
            r#""\\x08\\x09\\x0a\\x0c\\x0d""#,
        ),
        (
            b"\xc3\xaf\x01",
            r#""\\xc3\\xaf\\x01""#,
            r#""ï\udb80\udc01""#,
            r#""\\xc3\\xaf\\x01""#,
        ),
        (
            b"\xc3\xaf\n",
            r#""ï\n""#,
            r#""ï\n""#,
            r#""\\xc3\\xaf\\x0a""#,
        ),
        (
            b"\xff\x7f",
            r#""\\xff\\x7f""#,
            r#""\udb80\udcff\udb80\udc7f""#,
            r#""\\xff\\x7f""#,
        ),
    ] {
        assert_eq!(json(Hex, text), hex);
        assert_eq!(json(PrivateUse, text), private);
        assert_eq!(json(Tsv, text), tsv);
    }
}

#[test]
fn names_of_fields_are_escaped_only_where_json_asks_for_it() {
    let mut out = Vec::new();
    push_json_text(&mut out, b"a\x01\x1f\x7f\xff");
    assert_eq!(out, b"\"a\\u0001\\u001F\x7f\xff\"");
}

proptest! {
    #[test]
    fn escaped_text_is_read_back(
        text in proptest::collection::vec(any::<u8>(), 0..64),
        sep in "[ -~]{1,2}", set_sep in "[ -~]{1,2}", utf8: bool, inside: bool,
    ) {
        // A separator that looks like an escape cannot be told from one.
        prop_assume!(!sep.contains(['\\', 'x']) && !set_sep.contains(['\\', 'x']));
        let escaper = TsvEscaper::new(sep.as_bytes(), set_sep.as_bytes(), utf8);
        let mut out = Vec::new();
        escaper.push(&mut out, &text, inside);
        let length = unescape(&mut out);
        out.truncate(length);
        prop_assert_eq!(out, text);
    }

    #[test]
    fn escaped_text_holds_no_separator_and_no_line_break(
        text in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let escaped = tsv_with(&TsvEscaper::new(b"\t", b",", true), &text, true);
        prop_assert!(!escaped.contains(['\t', ',', '\n', '\r', '\0']));
    }
}
