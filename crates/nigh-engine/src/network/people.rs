//! Ids and numbers of people.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use nigh_graph::GraphFile;

/// Those of the mapped file, those who came since, and those who were erased.
#[derive(Debug)]
pub(super) struct People {
    file: Arc<GraphFile>,
    later: Vec<String>,
    numbers: HashMap<String, u32>,
    erased: HashSet<u32>,
}

impl People {
    pub(super) fn new(file: Arc<GraphFile>) -> People {
        People {
            file,
            later: Vec::new(),
            numbers: HashMap::new(),
            erased: HashSet::new(),
        }
    }

    /// How many numbers were given.
    pub(super) fn len(&self) -> usize {
        self.file.ids().len() + self.later.len()
    }

    pub(super) fn living(&self) -> usize {
        let is_text = |number: &u32| !self.file.ids().get(*number).is_empty();
        // Erased people keep a number and no id; without any, ids need not be read.
        let gone_before = match self.file.ids().find("") {
            Some(_) => (0..self.file.ids().len() as u32)
                .filter(|n| !is_text(n))
                .count(),
            None => 0,
        };
        self.len() - gone_before - self.erased.len()
    }

    pub(super) fn find(&self, id: &str) -> Option<u32> {
        if id.is_empty() {
            return None;
        }
        let later = || self.numbers.get(id).copied();
        let found = later().or_else(|| self.file.ids().find(id));
        found.filter(|number| !self.erased.contains(number))
    }

    pub(super) fn id(&self, number: u32) -> String {
        let place = number as usize;
        let before = self.file.ids().len();
        if self.erased.contains(&number) {
            String::new()
        } else if place < before {
            self.file.ids().get(number).into_owned()
        } else {
            self.later.get(place - before).cloned().unwrap_or_default()
        }
    }

    pub(super) fn is_erased(&self, number: u32) -> bool {
        self.id(number).is_empty()
    }

    pub(super) fn push(&mut self, id: &str) {
        self.numbers.insert(id.to_owned(), self.len() as u32);
        self.later.push(id.to_owned());
    }

    pub(super) fn erase(&mut self, number: u32) {
        let id = self.id(number);
        // A file that was written since has no id for them any more.
        if id.is_empty() {
            return;
        }
        self.numbers.remove(&id);
        let before = self.file.ids().len();
        if let Some(later) = (number as usize)
            .checked_sub(before)
            .and_then(|place| self.later.get_mut(place))
        {
            later.clear();
        }
        self.erased.insert(number);
    }
}
