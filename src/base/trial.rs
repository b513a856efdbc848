//! Material for properties that hold whatever comes: choices read from bytes, so that a fuzzer can steer what is built,
//! and, for the tests, inputs bred from the fuzzer's corpus. Only in tests and under the feature `fuzzing`.

/// Decisions taken from bytes, one after another; zero once they are used up.
#[derive(Debug, Clone)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// From all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all bytes are used up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Four bytes as a number.
    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A number below `bound`, at most 255.
    pub fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound.max(1)
    }

    /// True about `times` in 256.
    pub fn seldom(&mut self, times: u8) -> bool {
        // Zero, which stands for "used up", is never the seldom case.
        self.byte() > 255 - times
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// `bytes` in parts of sizes that depend on `seed`: from single bytes to everything at once.
pub fn parts(mut bytes: &[u8], seed: u64) -> impl Iterator<Item = &[u8]> {
    let mut random = Random::new(seed);
    let most = [1, 3, 17, 200, 4096, usize::MAX][random.below(6)];
    std::iter::from_fn(move || {
        let (part, rest) = bytes.split_at(bytes.len().min(1 + random.below(most)));
        bytes = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// A small generator with a seed (xorshift), so that a failure can be repeated.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Any seed will do.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.number() >> 16) % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.number().to_be_bytes()[3]
    }
}

/// Calls `property` with everything in the corpus of the fuzz target `target`, and with `more` inputs bred from it.
/// A failure says which input it was. This computes for seconds, and lets the tests beside it that wait for a clock go first.
///
/// # Panics
/// Where the property does.
#[cfg(test)]
pub fn check(target: &str, more: usize, property: fn(&[u8])) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rustix::process::nice(10).unwrap();
            check_each(target, more, property);
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[cfg(test)]
fn check_each(target: &str, more: usize, property: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} is empty", folder.display());
    let run = |name: &dyn std::fmt::Display, input: &[u8]| {
        if let Err(panic) = std::panic::catch_unwind(|| property(input)) {
            let kept = std::env::temp_dir().join(format!("aircheck-{target}-{}", std::process::id()));
            std::fs::write(&kept, input).unwrap();
            eprintln!("{name} of {target} fails; it is in {}", kept.display());
            std::panic::resume_unwind(panic);
        }
    };
    for (path, input) in files.iter().zip(&corpus) {
        run(&path.display(), input);
    }
    let mut random = Random::new(20_261_120);
    for number in 0..more {
        run(&format_args!("bred input {number}"), &bred(&corpus, &mut random));
    }
}

/// An input as a hostile hand would make it of others: a few bytes changed, parts repeated, left out or mixed.
#[cfg(test)]
fn bred(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let (at, end) = (random.below(input.len() + 1), random.below(input.len() + 1));
        let (at, end) = (at.min(end), at.max(end).min(at.min(end) + 1 + random.below(200)));
        match random.below(7) {
            0 => input.truncate(end),
            1 => drop(input.drain(at..end)),
            2 => drop(input.splice(at..at, input[at..end].to_vec())),
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                drop(input.splice(at..end, other[from..other.len().min(from + 300)].to_vec()));
            }
            4 => drop(input.splice(at..at, (0..=random.below(40)).map(|_| random.byte()).collect::<Vec<_>>())),
            _ => input[at..end].iter_mut().take(4).for_each(|byte| *byte = random.byte()),
        }
    }
    input
}
