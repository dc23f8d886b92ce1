use crate::Random;

/// Gives people at a moment their places, in the order in which they come.
#[derive(Debug, Default)]
pub(super) struct Places {
    people: Vec<(u32, i64)>,
    /// Open addressing: 0 is free, otherwise a place + 1; a power of two, at most half full.
    slots: Vec<u32>,
}

impl Places {
    pub(super) fn people(&self) -> &[(u32, i64)] {
        &self.people
    }

    pub(super) fn into_people(self) -> (Vec<u32>, Vec<i64>) {
        self.people.into_iter().unzip()
    }

    /// The place of somebody, given now where they had none.
    pub(super) fn of(&mut self, node: u32, time: i64) -> u32 {
        if self.people.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(node, time);
        if self.slots[slot] == 0 {
            self.people.push((node, time));
            self.slots[slot] = self.people.len() as u32;
        }
        self.slots[slot] - 1
    }

    fn slot(&self, node: u32, time: i64) -> usize {
        let mask = self.slots.len() - 1;
        let hash = Random::new(u64::from(node) ^ (time as u64).rotate_left(32)).bits();
        let mut slot = hash as usize & mask;
        while self.slots[slot] != 0 && self.people[self.slots[slot] as usize - 1] != (node, time) {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1024);
        self.slots = vec![0; size];
        for place in 0..self.people.len() {
            let (node, time) = self.people[place];
            let slot = self.slot(node, time);
            self.slots[slot] = place as u32 + 1;
        }
    }
}
