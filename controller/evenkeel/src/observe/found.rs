//! What pages of a listing held, until the last one is read: packed, page by page. Policies of ten thousand services took 30 MB
//! as they are.

use std::collections::HashMap;

use evenkeel_store::Packed;
use serde_json::value::RawValue;

use super::Sent;

/// Elements by resource.
#[derive(Debug, Default)]
pub(super) struct Found {
    pages: Vec<Packed>,
    places: HashMap<String, Vec<Place>>,
    /// The page that was asked for last: mostly the next resource is on the same one.
    open: Option<(usize, Vec<u8>)>,
}

/// Where an element stands: which page, and where in it.
#[derive(Debug)]
struct Place {
    page: u32,
    start: u32,
    end: u32,
}

impl Found {
    /// Keeps the elements of a page.
    pub(super) fn keep(&mut self, elements: impl Iterator<Item = (String, Sent)>) {
        let mut text = Vec::new();
        // An answer of AWS is a megabyte at most, and there are far fewer than billions of pages.
        #[allow(clippy::cast_possible_truncation)]
        let short = |number: usize| number as u32;
        for (id, element) in elements {
            let start = short(text.len());
            text.extend_from_slice(element.get().as_bytes());
            let place = Place { page: short(self.pages.len()), start, end: short(text.len()) };
            self.places.entry(id).or_insert_with(|| Vec::with_capacity(1)).push(place);
        }
        self.pages.push(Packed::of(&text));
    }

    /// The elements of a resource, each once: while pages are read others write, and what moves to a later page comes twice.
    /// What was kept can be taken; should it not be so, then nothing is known, and not less there.
    pub(super) fn take(&mut self, id: &str) -> Option<Vec<Sent>> {
        let mut elements: Vec<Sent> = Vec::new();
        for Place { page, start, end } in self.places.remove(id).unwrap_or_default() {
            let text = self.page(page as usize).get(start as usize..end as usize)?;
            let text = String::from_utf8(text.to_vec()).ok()?;
            elements.push(RawValue::from_string(text).ok()?);
        }
        // AWS keeps no order.
        elements.sort_unstable_by(|one, other| one.get().cmp(other.get()));
        elements.dedup_by(|one, other| one.get() == other.get());
        Some(elements)
    }

    fn page(&mut self, nth: usize) -> &[u8] {
        if self.open.as_ref().is_none_or(|(open, _)| *open != nth) {
            self.open = Some((nth, self.pages[nth].unpack()));
        }
        self.open.as_ref().map_or(&[], |(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn page(elements: &[(&str, &str)]) -> impl Iterator<Item = (String, Sent)> {
        let sent = |text: &str| serde_json::from_str(text).unwrap();
        elements.iter().map(|(id, text)| ((*id).to_owned(), sent(text))).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn elements_come_out_as_they_were_sent_each_once_and_in_an_order_of_their_own() {
        let mut found = Found::default();
        found.keep(page(&[("a", r#"{"PolicyName": "memory"}"#), ("b", r#"{"PolicyName":"cpu"}"#)]));
        found.keep(page(&[]));
        found.keep(page(&[("a", r#"{"PolicyName": "cpu", "é": 1}"#), ("a", r#"{"PolicyName": "memory"}"#)]));
        let mut taken = |id: &str| found.take(id).unwrap().iter().map(|sent| sent.get().to_owned()).collect::<Vec<_>>();
        assert_eq!(taken("a"), [r#"{"PolicyName": "cpu", "é": 1}"#, r#"{"PolicyName": "memory"}"#]);
        assert_eq!(taken("b"), [r#"{"PolicyName":"cpu"}"#]);
        assert!(taken("a").is_empty() && taken("c").is_empty());
    }
}
