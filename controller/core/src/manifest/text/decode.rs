//! From bytes to text.

use super::{Fault, Location};

/// UTF-8, or UTF-16 of either byte order: by the byte order mark, else by where the zero byte of the first character
/// stands (a manifest starts with an ASCII character).
pub(super) fn text(bytes: &[u8]) -> Result<String, Fault> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(fault(Location::START, "the file is UTF-32: save it as UTF-8"))
        }
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Fault> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.utf8_error().valid_up_to()]);
        fault(Location::of(&valid, valid.len()), "these bytes are not UTF-8: save the file as UTF-8")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Fault> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => {
                return Err(fault(Location::of(&text, text.len()), "half a UTF-16 character: save the file as UTF-8"));
            }
        }
    }
    match rest {
        [] => Ok(text),
        _ => Err(fault(
            Location::of(&text, text.len()),
            "the UTF-16 text ends within a character: save the file as UTF-8",
        )),
    }
}

fn fault(location: Location, message: &str) -> Fault {
    Fault { location, message: message.to_owned(), rule: "encoding" }
}
