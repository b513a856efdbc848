//! What the rest of the program uses of the configuration, and how each value is written.
//!
//! Nothing here knows of a file: a value that is written wrong is a [`Complaint`], to which the reader of the file adds
//! line and column.

pub mod always;
mod artwork;
mod by_id;
mod complaint;
mod config;
pub mod confusables;
mod cron;
mod encoding;
mod find;
pub mod folders;
mod gaps;
mod grab;
pub mod hls;
mod mail;
mod moment;
mod notify;
mod object_store;
pub mod one_time;
mod origins;
mod position;
pub mod secret;
mod show;
pub mod slug;
mod station;
pub mod template;
pub mod titles;
pub mod units;
mod web;

pub use always::{AlwaysTaped, Hours, keep_text};
pub use artwork::Artwork;
pub use by_id::ById;
pub use complaint::{Complaint, any_of, nearest, parse_or_suggest};
pub use config::Config;
pub use cron::{Crontab, CrontabError, Crontabs};
pub use encoding::{Encoding, Encodings, Id3};
pub use find::{Find, Step};
pub use folders::Unwritable;
pub use gaps::{DeadAirRule, GapPolicy};
pub use grab::Grabs;
pub use hls::HlsRule;
pub use mail::{Email, MailAddress, MailSecurity, MailServer, mailbox};
pub use moment::{MomentError, day, parse_moment};
pub use notify::{BodyTemplate, Ntfy, SigningKey, Target, Way, Webhook};
pub use object_store::{CopiedKind, Keys, ObjectStore, Secret};
pub use origins::Origins;
pub use position::{PositionError, parse_position};
pub use show::{Keep, Show, TagTemplates};
pub use slug::slug;
pub use station::{Address, Hls, Icecast, Rtmp, SourceConfig, Station};
pub use template::{Purpose, Template, TemplateError, Values};
pub use titles::{TitleAddress, TitleRule};
pub use units::{LONGEST, parse_duration, parse_duration_up_to, parse_rate, parse_size};
pub use web::{Auth, Web};
