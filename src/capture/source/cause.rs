//! What failed requests and programs that do not start mean as causes of missing sound.
//!
//! These errors belong to `base`, which knows nothing of causes.

use crate::base::http::HttpError;
use crate::base::process::ProcessError;
use crate::model::{AsCause, CauseKind};

impl AsCause for HttpError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Client(_) | Self::Header { .. } => CauseKind::Internal,
            Self::Status { .. } | Self::Busy { .. } | Self::RedirectLoop { .. } => CauseKind::Refused,
            Self::OutOfReach { .. } => CauseKind::Address,
            Self::TimedOut { .. } => CauseKind::Stalled,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Malformed { .. } | Self::Broken { .. } => {
                CauseKind::Connection
            }
            Self::TooLarge { .. } | Self::Compressed { .. } => CauseKind::Unusable,
        }
    }
}

impl AsCause for ProcessError {
    fn cause_kind(&self) -> CauseKind {
        CauseKind::Internal
    }
}
