//! A row of bits, one per item position: which values are there, which items pass.

/// `len` bits in 64-bit words, lowest bit first; the bits past `len` are zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub(crate) fn all(len: usize, bit: bool) -> Bits {
        let word = if bit { u64::MAX } else { 0 };
        let words = vec![word; len.div_ceil(64)];
        Bits { words, len }.trimmed()
    }

    /// One bit per value: does it pass the test?
    pub(crate) fn of<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Bits {
        let pack = |chunk: &[T]| {
            let bits = chunk.iter().enumerate();
            bits.fold(0, |word, (i, &value)| word | (u64::from(test(value)) << i))
        };
        Bits {
            words: values.chunks(64).map(pack).collect(),
            len: values.len(),
        }
    }

    /// `None` unless the words are just those that `len` bits need, zero past the end.
    pub(crate) fn from_words(words: Vec<u64>, len: usize) -> Option<Bits> {
        let bits = Bits { words, len };
        let fits = bits.words.len() == len.div_ceil(64);
        (fits && bits == bits.clone().trimmed()).then_some(bits)
    }

    pub(crate) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.len % 64);
        }
        self.len += 1;
    }

    /// The bit at `i`; `false` past the end.
    pub(crate) fn get(&self, i: usize) -> bool {
        let word = self.words.get(i / 64).copied().unwrap_or(0);
        (word >> (i % 64)) & 1 == 1
    }

    pub(crate) fn and(mut self, other: &Bits) -> Bits {
        debug_assert_eq!(self.len, other.len);
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
        self
    }

    pub(crate) fn or(mut self, other: &Bits) -> Bits {
        debug_assert_eq!(self.len, other.len);
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
        self
    }

    pub(crate) fn not(mut self) -> Bits {
        for word in &mut self.words {
            *word = !*word;
        }
        self.trimmed()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(crate) fn is_all(&self, bit: bool) -> bool {
        self.count() == if bit { self.len } else { 0 }
    }

    fn trimmed(mut self) -> Bits {
        let used = self.len % 64;
        if let Some(last) = self.words.last_mut().filter(|_| used != 0) {
            *last &= (1 << used) - 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn bits_agree_with_a_vector_of_bools() {
        for len in [0, 1, 63, 64, 65, 127, 128, 200] {
            let a: Vec<bool> = (0..len).map(|i| i % 3 == 0).collect();
            let b: Vec<bool> = (0..len).map(|i| i % 5 == 0).collect();
            let mut pushed = Bits::default();
            a.iter().for_each(|&bit| pushed.push(bit));
            let (x, y) = (Bits::of(&a, |bit| bit), Bits::of(&b, |bit| bit));
            assert_eq!(x, pushed);
            let zip = |f: fn(bool, bool) -> bool| {
                let both: Vec<bool> = a.iter().zip(&b).map(|(&a, &b)| f(a, b)).collect();
                Bits::of(&both, |bit| bit)
            };
            assert_eq!(x.clone().and(&y), zip(|a, b| a & b));
            assert_eq!(x.clone().or(&y), zip(|a, b| a | b));
            assert_eq!(x.clone().not(), zip(|a, _| !a));
            assert_eq!(x.count(), a.iter().filter(|&&bit| bit).count());
            assert!((0..len).all(|i| x.get(i) == a[i]) && !x.get(len));
            assert!(Bits::all(len, true).is_all(true) && Bits::all(len, false).is_all(false));
            assert_eq!(Bits::from_words(x.words().to_vec(), len), Some(x));
        }
    }

    #[test]
    fn words_of_another_length_are_refused() {
        for (words, len) in [(vec![], 1), (vec![1, 0], 64), (vec![2], 1), (vec![0], 0)] {
            assert_eq!(
                Bits::from_words(words.clone(), len),
                None,
                "{words:?} {len}"
            );
        }
    }
}
