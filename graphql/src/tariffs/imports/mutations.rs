//! Mutations that create, answer, start and cancel imports.

use async_graphql::{Context, Enum, ID, InputObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;

use super::TariffImport;
use crate::payload::{answer, payload};
use crate::roles::MANAGERS;
use crate::scalars::Kind;
use crate::tariffs::carrier_decks::parse_mapping;
use crate::tariffs::types::TariffImportMode;
use crate::{app, caller, keyed};
use app::tariffs::imports::{self, Job, NewImport, TakeEffect};
use base::error::{Error, Result};

/// A rate deck to import. The file is uploaded afterward.
#[derive(InputObject)]
pub struct CreateTariffImportInput {
    /// The tariff to import into.
    pub tariff_id: ID,
    /// Whether the file replaces all rates or is merged into them.
    #[graphql(default_with = "TariffImportMode::Replace")]
    pub mode: TariffImportMode,
    /// Answers and corrections for a carrier's deck, as JSON. If given, the file is read as a carrier's deck. At most 100000 bytes.
    pub mapping: Option<String>,
    /// A saved mapping of the tariff's account. `mapping` completes or corrects the saved mapping.
    pub mapping_id: Option<ID>,
    /// Whether to only check the file and report the changes.
    #[graphql(default)]
    pub dry_run: bool,
    /// Version to start from: a draft, a scheduled version, or the active version; the active version if omitted.
    pub base_version_id: Option<ID>,
    /// When the new version takes effect. If omitted, the new version is a draft. If the version cannot take effect at this time, the import fails,
    /// and the version stays a draft.
    pub effective_at: Option<DateTime<Utc>>,
    /// Whether to create one version for each date in a carrier's deck, and to schedule each version at the beginning of its day in the tariff's time
    /// zone, as in `importTariff`. The import's version is the last of these versions. Not allowed together with `effectiveAt`.
    #[graphql(default)]
    pub by_date: bool,
    /// Description of the new version.
    #[graphql(default)]
    pub note: String,
    /// Name of the file, at most 255 characters. If the name includes a folder path, the path is removed. The header `Content-Disposition` of the
    /// upload may give another name.
    pub file_name: Option<String>,
    /// SHA-256 hash of the file in hexadecimal. If the hash is given, the upload of another file fails, and a request that repeats `idempotencyKey`
    /// with the hash of another file fails with `IDEMPOTENCY_CONFLICT`. Without the hash, a repeated key returns the first import, even if the file
    /// has changed.
    pub sha256: Option<String>,
    /// Makes the request safe to repeat: a repeated request with the same key and input creates no second import, and returns the first import. A key
    /// has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Answers to the questions of an import.
#[derive(InputObject)]
pub struct AnswerTariffImportInput {
    /// The import.
    pub import_id: ID,
    /// The answers, as JSON. The answers complete or correct the mapping of the import. At most 100000 bytes.
    pub mapping: String,
}

/// When the new version of a started import takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TariffImportTakeEffect {
    /// The version stays a draft.
    Draft,
    /// The version takes effect as soon as it is stored.
    Now,
    /// The version takes effect at `effectiveAt`.
    At,
}

/// A checked import to start.
#[derive(InputObject)]
pub struct StartTariffImportInput {
    /// The import, whose state must be CHECKED.
    pub import_id: ID,
    /// Whether the new version stays a draft, takes effect now, or takes effect at `effectiveAt`. If this field is omitted and `effectiveAt` is
    /// given, AT applies. If both are omitted, the choice in `createTariffImport` applies. DRAFT and NOW are not allowed for an import by date.
    pub take_effect: Option<TariffImportTakeEffect>,
    /// When the new version takes effect. Not allowed with `takeEffect: DRAFT` or `takeEffect: NOW`, or for an import by date.
    pub effective_at: Option<DateTime<Utc>>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// An import to cancel or discard.
#[derive(InputObject)]
pub struct CancelTariffImportInput {
    /// The import.
    pub import_id: ID,
}

payload!(
    /// Result of `createTariffImport`, `answerTariffImport`, `startTariffImport` and `cancelTariffImport`.
    TariffImportPayload {
        /// The import.
        import: TariffImport,
    }
);

/// The mutations that this file defines.
#[derive(Default)]
pub struct TariffImportMutation;

#[object(root = "Mutation")]
impl TariffImportMutation {
    /// Begins an import of a rate deck. Upload the file to the `uploadUrl` of the result, and follow the subscription `tariffImport`.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn create_tariff_import(
        &self,
        ctx: &Context<'_>,
        input: CreateTariffImportInput,
    ) -> async_graphql::Result<TariffImportPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let base = input.base_version_id.as_ref();
            let mapping_id = input.mapping_id.as_ref();
            let new = NewImport {
                tariff_id: Kind::Tariff.parse(&input.tariff_id)?,
                mode: input.mode.into(),
                mapping: input.mapping.as_deref().map(parse_mapping).transpose()?,
                mapping_id: mapping_id.map(|id| Kind::TariffMapping.parse(id)).transpose()?,
                dry_run: input.dry_run,
                base_version_id: base.map(|id| Kind::TariffVersion.parse(id)).transpose()?,
                effective_at: input.effective_at,
                by_date: input.by_date,
                note: input.note,
                file_name: input.file_name,
                sha256: input.sha256,
            };
            Box::pin(imports::create(app(ctx), &actor, new)).await
        };
        answer(done.await.map(imported))
    }

    /// Answers the questions of an import. The import continues without another upload.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn answer_tariff_import(
        &self,
        ctx: &Context<'_>,
        input: AnswerTariffImportInput,
    ) -> async_graphql::Result<TariffImportPayload> {
        let done = async {
            let id = Kind::TariffImport.parse(&input.import_id)?;
            imports::answer(app(ctx), caller(ctx)?, id, parse_mapping(&input.mapping)?).await
        };
        answer(done.await.map(imported))
    }

    /// Imports a file that was checked in a dry run, without another upload. The import is no longer a dry run: it reads the file again and makes a
    /// version. If the import fails before it stores a version, for example because of a schedule conflict of an import by date, the state becomes
    /// CHECKED again. `error` then gives the reason, and the import can be started again. If the file has errors, the state becomes FAILED. The
    /// server keeps a checked file for 24 hours, unless it stops or needs the space. After that, the mutation fails with `UPLOAD_GONE`. If the file
    /// disappears just after the start, the state becomes UPLOAD_AGAIN.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn start_tariff_import(
        &self,
        ctx: &Context<'_>,
        input: StartTariffImportInput,
    ) -> async_graphql::Result<TariffImportPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let id = Kind::TariffImport.parse(&input.import_id)?;
            imports::start(app(ctx), &actor, id, take_effect(input.take_effect, input.effective_at)?).await
        };
        answer(done.await.map(imported))
    }

    /// Cancels an import that has not ended, or discards a checked import. In both cases, deletes the import's file and its `changedRates`.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn cancel_tariff_import(
        &self,
        ctx: &Context<'_>,
        input: CancelTariffImportInput,
    ) -> async_graphql::Result<TariffImportPayload> {
        let done = async {
            let id = Kind::TariffImport.parse(&input.import_id)?;
            imports::cancel(app(ctx), caller(ctx)?, id).await
        };
        answer(done.await.map(imported))
    }
}

fn take_effect(
    choice: Option<TariffImportTakeEffect>,
    effective_at: Option<DateTime<Utc>>,
) -> Result<TakeEffect> {
    match (choice, effective_at) {
        (None, None) => Ok(TakeEffect::AsChecked),
        (None | Some(TariffImportTakeEffect::At), Some(at)) => Ok(TakeEffect::At(at)),
        (Some(TariffImportTakeEffect::At), None) => {
            Err(Error::invalid("effectiveAt", "With `takeEffect: AT`, give `effectiveAt`."))
        }
        (Some(TariffImportTakeEffect::Draft), None) => Ok(TakeEffect::Draft),
        (Some(TariffImportTakeEffect::Now), None) => Ok(TakeEffect::Now),
        (Some(_), Some(_)) => {
            let message =
                "`effectiveAt` contradicts `takeEffect`. Leave one of them out, or set `takeEffect` to AT.";
            Err(Error::invalid("effectiveAt", message))
        }
    }
}

fn imported(job: Job) -> TariffImportPayload {
    TariffImportPayload { import: Some(TariffImport(job)), ..Default::default() }
}
