//! Runs ffmpeg for tests, with data in and out through pipes.
//!
//! This blocks: from async tests call it inside `tokio::task::spawn_blocking`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs heavy work on a thread with the lowest priority, so that it starves no station of another test. Children
/// inherit the priority.
pub fn in_background<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rustix::process::nice(10).expect("nobody forbids that");
            work()
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs ffmpeg with `args` and `input` on its stdin; returns its stdout. Panics with its last words if it fails.
#[expect(clippy::disallowed_methods, reason = "children of tests end before the call returns")]
pub fn run(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffmpeg starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        // A program that has read enough closes its stdin; that is no failure.
        scope.spawn(move || drop(stdin.write_all(input)));
        stdout.read_to_end(&mut output).expect("ffmpeg's output can be read");
    });
    let rest = child.wait_with_output().expect("ffmpeg ends");
    assert!(rest.status.success(), "ffmpeg {}: {}", args.join(" "), String::from_utf8_lossy(&rest.stderr));
    output
}

/// Decodes `file` to one channel of samples at `rate` Hz.
pub fn decode(file: &Path, rate: u32) -> Vec<f32> {
    let file = file.to_str().expect("test paths are UTF-8");
    floats(&run(&["-i", file, "-map", "0:a", "-ac", "1", "-ar", &rate.to_string(), "-f", "f32le", "-"], &[]))
}

/// Decodes `bytes` of `format` (ffmpeg's name for a demuxer) to one channel of samples at `rate` Hz.
pub fn decode_bytes(format: &str, bytes: &[u8], rate: u32) -> Vec<f32> {
    floats(&run(&["-f", format, "-i", "-", "-ac", "1", "-ar", &rate.to_string(), "-f", "f32le", "-"], bytes))
}

/// Encodes one channel of 48 kHz samples; `args` name codec and format.
pub fn encode(samples: &[i16], args: &[&str]) -> Vec<u8> {
    // For twenty million samples in a debug build, this is several times faster than `collect`.
    let mut bytes = vec![0; 2 * samples.len()];
    for (two, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
        *two = sample.to_le_bytes();
    }
    let mut all = vec!["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-"];
    all.extend(args);
    all.push("-");
    run(&all, &bytes)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}
