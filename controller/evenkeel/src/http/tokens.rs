//! The token file: who may ask from elsewhere, and what they may do.
//!
//! A line a token, as `ROLE NAME TOKEN`; the role is `read` or `operate`, and `#` begins a comment.

use std::collections::HashMap;

use evenkeel_api::{Client, Role};
use sha2::{Digest, Sha256};

/// Fewest characters of a token: 16 random ones of 64 are 96 bits, which nobody guesses.
const SHORTEST: usize = 16;

/// Clients by the hashes of their tokens. To look one up takes no longer for a token that is nearly right.
#[derive(Default)]
pub(super) struct Tokens(HashMap<[u8; 32], Client>);

impl Tokens {
    /// Reads the text of a token file.
    ///
    /// # Errors
    /// What is wrong in which line, without the token.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let wrong = |why: &str| format!("line {number}: {why}");
            let (role, name, token) = match line.split_whitespace().collect::<Vec<_>>()[..] {
                [] => continue,
                [role, name, token] => (role, name, token),
                _ => return Err(wrong("write ROLE NAME TOKEN, with spaces between them")),
            };
            let role = match role {
                "read" => Role::Read,
                "operate" => Role::Operate,
                _ => return Err(wrong("the role, which comes first, is read or operate")),
            };
            if token.len() < SHORTEST {
                return Err(wrong(&format!("the token has fewer than {SHORTEST} characters: others could guess it")));
            }
            let client = Client { name: name.to_owned(), role };
            if tokens.insert(hash(token), client).is_some() {
                return Err(wrong("another line has the same token"));
            }
        }
        match tokens.is_empty() {
            true => Err("there is no token in it".to_owned()),
            false => Ok(Self(tokens)),
        }
    }

    /// Who has a token.
    pub(super) fn client(&self, token: &str) -> Option<&Client> {
        self.0.get(&hash(token))
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_token_has_its_client_and_role() {
        let tokens =
            Tokens::parse("# who\nread grafana 0123456789abcdef\n\n  operate alice fedcba9876543210 # on call\n");
        let tokens = tokens.unwrap();
        assert_eq!(tokens.client("0123456789abcdef").unwrap().role, Role::Read);
        assert_eq!(tokens.client("fedcba9876543210").unwrap(), &Client { name: "alice".into(), role: Role::Operate });
        assert_eq!(tokens.client("0123456789abcdeg"), None);
        assert_eq!(format!("{tokens:?}"), "2 tokens");
    }

    #[test]
    fn a_file_that_is_not_one_is_told_by_line_and_without_its_tokens() {
        for (text, words) in [
            ("", "no token"),
            ("read grafana", "line 1: write ROLE NAME TOKEN"),
            ("\nadmin alice 0123456789abcdef", "line 2: the role"),
            ("read alice secret", "line 1: the token has fewer than 16"),
            ("read a 0123456789abcdef\noperate b 0123456789abcdef", "line 2: another line"),
        ] {
            let error = Tokens::parse(text).unwrap_err();
            assert!(error.contains(words) && !error.contains("secret") && !error.contains("0123"), "{error}");
        }
    }
}
