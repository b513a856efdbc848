//! Checks of properties with the corpus of the fuzzers.

use super::random::Random;

/// Calls `property` with everything in the corpus of the fuzz target `target`, and with `more` inputs bred from it. A
/// failure says which input it was. This computes for seconds, and lets other tests that wait for a clock go first.
///
/// # Panics
/// If the property does.
pub fn check(target: &str, more: usize, property: fn(&[u8])) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rustix::process::nice(10).unwrap();
            check_each(target, more, property);
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

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

/// An input made of others: a few bytes changed, parts repeated, left out or mixed.
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
