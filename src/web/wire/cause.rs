//! Why something is missing, in one word.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model;

const DESCRIPTION: &str = "What kind of cause it is, in one word.\n\nThe names are on tapes, in catalogues, in what \
                           programs read and in people's dashboards: one that has been released is\nnever changed.";

/// What kind of cause it is. Which there are is known to the model alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CauseKind(model::CauseKind);

impl From<model::CauseKind> for CauseKind {
    fn from(kind: model::CauseKind) -> Self {
        Self(kind)
    }
}

impl PartialSchema for CauseKind {
    fn schema() -> RefOr<Schema> {
        let names = model::CauseKind::ALL.map(model::CauseKind::name);
        ObjectBuilder::new().schema_type(Type::String).description(Some(DESCRIPTION)).enum_values(Some(names)).into()
    }
}

impl ToSchema for CauseKind {
    fn name() -> Cow<'static, str> {
        "CauseKind".into()
    }
}
