//! What tests are made of.
#![allow(dead_code, unused_imports, reason = "a toolbox: not every tool is in use at every time")]

pub mod ffmpeg;
pub mod origin;
pub mod rtmp;
pub mod timecode;
