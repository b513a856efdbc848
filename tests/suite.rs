//! The tests that need real parts: one binary, so that what they share (an encoded programme, an origin) is made once
//! and linking is paid once. `support` says how to write one.
#![expect(clippy::expect_used, reason = "a test that cannot set up its parts should say so and end")]

mod support;

mod always;
mod always_disk;
mod as_written;
mod bin;
mod browser;
mod by_hand;
mod clip_sound;
mod clips;
mod commands;
mod compare;
mod daemon;
mod documents;
mod events;
mod faults_bounded;
mod faults_dates;
mod faults_playlist;
mod faults_rights;
mod faults_segment;
mod faults_streams;
mod feeds;
mod formats;
mod gallery;
mod guard;
mod hls;
mod holds;
mod house;
mod interface;
mod links;
mod live;
mod load;
mod machine_children;
mod machine_clock;
mod machine_disk;
mod machine_folder;
mod machine_hang;
mod machine_ids;
mod machine_kill;
mod machine_recover;
mod machine_shows;
mod machine_tape;
mod metrics;
mod odd_http;
mod odd_icecast;
mod record;
mod schemathesis;
mod service;
mod state;
mod station_page;
mod stations;
mod tape_http;
mod tracks;
mod truth;
mod variants;
mod zones;

mod origin;
mod page;
mod rtmp;
mod timecode;
