//! The JSON of the kind of a cause.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model;

const DESCRIPTION: &str = "The kind of a cause, in one word.\n\nTapes, catalogues, programs and people's dashboards use \
                           these names, so a released name never changes.";

/// The kind of a cause. The model alone lists the kinds.
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
