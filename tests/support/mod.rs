//! The toolbox of the tests: a radio station with every fault, and a reader that hears every lost second.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`timecode`] | sound in which every second says its number, and the reader that turns a recording back into numbers |
//! | [`origin`] | stations over HTTP in this process: live HLS, endless bodies, a page to scrape, a switch per fault |
//! | [`rtmp`] | a real nginx-rtmp with a real publisher |
//! | [`icecast`] | a real icecast2 with a real source |
//! | [`taped`] | a tape that is written without a station |
//! | [`kept`] | what a source makes of bytes, on a tape, and the file that keeps it as it was sent |
//! | [`tls`] | an origin behind TLS, with a certificate of its own |
//! | [`airing`] | shows that begin soon |
//! | [`library`] | the service with recordings in its library, made without a station |
//! | [`cases`] | recordings side by side with the real binary, each judged by its sound |
//! | [`browser`] | a real Chromium; whatever it complains about fails the test |
//! | [`shelved`] | a library of recordings to be looked at, and the service on it |
//! | [`collection`] | the same with real MP3s, gaps, and titles that would break out of anything |
//! | [`ffmpeg`] | decode, encode, anything else |
//! | [`weed`] | a real SeaweedFS, an object store |
//! | [`odd_store`] | an object store that does what a real one cannot be made to do |
//! | [`dated`] | a station on a host of its own whose answers have a `Date` |
//! | [`receiver`] | a receiver of webhooks that checks signatures, and answers as it is told to |
//! | [`mail`] | a real mail server, with answers as a test wants them |
//! | [`wire`] | a connection that is cut or held when so much was sent |
//! | [`playlists`] | reads playlists of HLS, and checks them |
//! | [`ports`] | ports to listen on |
//! | [`folder`] | temporary folders and programs that another user reaches |
//!
//! Second number `n` is on the air when the Unix time is `n` modulo 65,536, at every station, so a recording tells by
//! itself when it begins. A test is about ten lines:
//!
//! ```ignore
//! #[test]
//! fn a_segment_that_is_missing_once_is_fetched_the_second_time() {
//!     let origin = Origin::start();
//!     let station = origin.station("x", Setup { window: 4, ..Setup::of(Container::Ts) });
//!     station.fault(Fault::new(Part::Segment, Kind::Status(404)).times_per_url(1).lasting(Duration::from_secs(20)));
//!     let mp3 = /* record station.url() for 15 s in any way; blocking is fine */;
//!     let report = Report::of_file(&mp3);
//!     assert!(report.is_whole(), "{report}");
//!     assert!((report.length - 15.0).abs() < 0.03, "{report}");
//!     assert!((report.begins(planned).unwrap() - planned).abs() < TimeDelta::milliseconds(5), "{report}");
//!     assert!(station.log().iter().any(|entry| entry.part == Part::Segment && entry.status == 404));
//! }
//! ```
//!
//! Nothing here sleeps for long or needs the network, everything ends when it is dropped, and an [`origin::Origin`]
//! runs on threads of its own. Two things to know: the first station of a codec costs a second or two of encoding (shared by
//! the whole test process), and its programme ends some minutes later, so no single test may record for longer than
//! three minutes.
#![allow(dead_code, unused_imports, reason = "a toolbox: not every tool is in use at every time")]

pub mod aircheck;
pub mod airing;
pub mod browser;
pub mod cases;
pub mod collection;
pub mod dated;
pub mod ffmpeg;
pub mod folder;
pub mod icecast;
pub mod kept;
pub mod library;
pub mod machine;
pub mod mail;
pub mod odd_store;
pub mod origin;
pub mod pace;
pub mod playlists;
pub mod ports;
pub mod receiver;
pub mod rtmp;
pub mod shelved;
pub mod skip;
pub mod taped;
pub mod timecode;
pub mod tls;
pub mod weed;
pub mod wire;
