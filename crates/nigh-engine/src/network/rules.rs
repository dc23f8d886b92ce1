//! Who must not be shown to whom, and what must not be said.

use std::collections::HashSet;

use nigh_store::Rule;

/// The rules that hold.
#[derive(Debug, Default)]
pub(super) struct Rules {
    dismissed: HashSet<(u32, u32)>,
    /// The first blocked the second; it holds either way.
    blocked: HashSet<(u32, u32)>,
    hides_friends: HashSet<u32>,
    opted_out: HashSet<u32>,
}

impl Rules {
    pub(super) fn new(rules: Vec<Rule>) -> Rules {
        let mut all = Rules::default();
        rules.into_iter().for_each(|rule| all.add(rule));
        all
    }

    pub(super) fn add(&mut self, rule: Rule) {
        match rule {
            Rule::Dismissed(a, b) => self.dismissed.insert((a, b)),
            Rule::Blocked(a, b) => self.blocked.insert((a, b)),
            Rule::HidesFriends(a) => self.hides_friends.insert(a),
            Rule::OptedOut(a) => self.opted_out.insert(a),
        };
    }

    pub(super) fn remove(&mut self, rule: Rule) {
        match rule {
            Rule::Dismissed(a, b) => self.dismissed.remove(&(a, b)),
            Rule::Blocked(a, b) => self.blocked.remove(&(a, b)),
            Rule::HidesFriends(a) => self.hides_friends.remove(&a),
            Rule::OptedOut(a) => self.opted_out.remove(&a),
        };
    }

    pub(super) fn erase(&mut self, person: u32) {
        let without = |&(a, b): &(u32, u32)| a != person && b != person;
        self.dismissed.retain(without);
        self.blocked.retain(without);
        self.hides_friends.remove(&person);
        self.opted_out.remove(&person);
    }

    pub(super) fn holds(&self, rule: Rule) -> bool {
        match rule {
            Rule::Dismissed(a, b) => self.dismissed.contains(&(a, b)),
            Rule::Blocked(a, b) => self.blocked.contains(&(a, b)),
            Rule::HidesFriends(a) => self.hides_friends.contains(&a),
            Rule::OptedOut(a) => self.opted_out.contains(&a),
        }
    }

    /// The rules in which a person occurs.
    pub(super) fn of(&self, person: u32) -> Vec<Rule> {
        let touches = |&&(a, b): &&(u32, u32)| a == person || b == person;
        let dismissed = self.dismissed.iter().filter(touches);
        let blocked = self.blocked.iter().filter(touches);
        let mut rules: Vec<Rule> = dismissed.map(|&(a, b)| Rule::Dismissed(a, b)).collect();
        rules.extend(blocked.map(|&(a, b)| Rule::Blocked(a, b)));
        if self.hides_friends.contains(&person) {
            rules.push(Rule::HidesFriends(person));
        }
        if self.opted_out.contains(&person) {
            rules.push(Rule::OptedOut(person));
        }
        rules
    }

    /// Whether `other` may be suggested to `person`.
    pub(super) fn allow(&self, person: u32, other: u32) -> bool {
        !self.opted_out.contains(&other)
            && !self.dismissed.contains(&(person, other))
            && !self.is_blocked(person, other)
    }

    /// Whether a friend of both may be named or counted to `person`.
    pub(super) fn may_say(&self, person: u32, friend: u32) -> bool {
        !self.hides_friends.contains(&friend) && !self.is_blocked(person, friend)
    }

    pub(super) fn hides_friends(&self, person: u32) -> bool {
        self.hides_friends.contains(&person)
    }

    pub(super) fn is_blocked(&self, a: u32, b: u32) -> bool {
        self.blocked.contains(&(a, b)) || self.blocked.contains(&(b, a))
    }
}
