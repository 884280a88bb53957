//! Imports of rate decks as jobs, and saved mappings of carriers' decks.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use billing::rate_changes::RateChangeCounts;
use chrono::{DateTime, Utc};
use entity::tariff_mapping;
use futures_util::FutureExt as _;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use graphql_macros::object;

use super::carrier_decks::{DeckGuess, DeckQuestion, DeckSetAside, parse_mapping};
use super::impact::TariffImpact;
use super::mutations::{DeckProblem, MarginGuard};
use super::types::{Tariff, TariffImportMode, TariffVersion};
use crate::accounts::parse_account_if;
use crate::paging::{Page, Paging, connection};
use crate::payload::{UserError, answer, nullable, payload, top_level};
use crate::roles::{ADMIN, MANAGERS};
use crate::scalars::Kind;
use crate::{actor, app, caller, graphql_enum, keyed};
use app::App;
use app::tariffs::imports::{self, Job, NewImport};
use app::tariffs::{self, mappings};
use base::error::{self, Error};

/// Interval at which a subscription checks an import for changes.
const EVERY: Duration = Duration::from_millis(500);
/// Maximum number of problems in one response.
const MAX_PROBLEMS: i32 = 1_000;

graphql_enum!(
    /// State of an import.
    TariffImportState = "entity::ImportState" {
        /// The import waits for its file. Upload the file to `uploadUrl`.
        Upload,
        /// The server that had the file stopped. Upload the file to `uploadUrl` again.
        UploadAgain,
        /// The file is read, and its rates are stored.
        Reading,
        /// The file can be read in more than one way. Answer `questions` with `answerTariffImport`.
        Asks,
        /// The file was checked in a dry run.
        Checked,
        /// The new version is stored and, if requested, scheduled.
        Done,
        /// The import failed; see `error`.
        Failed,
        /// The import was canceled.
        Canceled,
    }
);

/// An import of a rate deck. The server reads the file in the background, so a file of any size within the limit can be imported.
#[derive(async_graphql::Description)]
pub struct TariffImport(pub Job);

/// The number of prefixes that an import adds, changes and removes. `TariffImport.version` has the prefixes themselves.
#[object]
#[derive(SimpleObject)]
pub struct TariffImportChanges {
    /// Number of new prefixes.
    pub added: u64,
    /// Number of prefixes with a higher price per minute.
    pub raised: u64,
    /// Number of prefixes with a lower price per minute.
    pub lowered: u64,
    /// Number of prefixes with the same price per minute but another difference.
    pub changed: u64,
    /// Number of removed prefixes.
    pub removed: u64,
    /// Number of prefixes with the same rate.
    pub unchanged: u64,
}

#[object(roles = MANAGERS, scope = TARIFFS_WRITE)]
impl TariffImport {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::TariffImport.id(self.0.row.id)
    }

    /// The tariff.
    fn tariff(&self) -> Tariff {
        Tariff(self.0.tariff.clone())
    }

    /// Current state.
    fn state(&self) -> TariffImportState {
        self.0.row.state.into()
    }

    /// Address for the file, relative to the address of the server. Send the unchanged file (CSV, TSV, XLSX, or one of these compressed with gzip)
    /// with PUT. The address contains a signature, so the upload needs no token. Null if the import does not wait for a file.
    async fn upload_url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        imports::upload_path(app(ctx), &self.0).map_err(top_level)
    }

    /// Time by which the file must be uploaded, or the questions answered; otherwise, the import fails.
    fn expires_at(&self) -> DateTime<Utc> {
        self.0.row.expires_at
    }

    /// How the file's rows are combined with the base version.
    fn mode(&self) -> TariffImportMode {
        self.0.input.mode.into()
    }

    /// Whether the file is only checked.
    fn dry_run(&self) -> bool {
        self.0.input.dry_run
    }

    /// When the new version takes effect; null if it stays a draft.
    fn effective_at(&self) -> Option<DateTime<Utc>> {
        self.0.input.effective_at
    }

    /// Number of rates stored so far. The rates become visible together with the version.
    fn rows_read(&self) -> i32 {
        i32::try_from(self.0.row.rows_read).unwrap_or(i32::MAX)
    }

    /// Number of rates to store; null until the file has been read.
    fn rows_total(&self) -> Option<i32> {
        self.0.row.rows_total.map(|total| i32::try_from(total).unwrap_or(i32::MAX))
    }

    /// Rows with errors, warnings or automatic corrections, in file order. At most 1000 problems of an import are listed.
    #[field(length = 50)]
    async fn problems(
        &self,
        #[graphql(default = 100, desc = "Number of problems, 1 to 1000.")] first: i32,
        #[graphql(default = 0, desc = "Number of problems to skip.")] after: i32,
    ) -> async_graphql::Result<Vec<DeckProblem>> {
        let count = usize::try_from(first).ok().filter(|_| (1..=MAX_PROBLEMS).contains(&first));
        let count = count.ok_or_else(|| {
            let message = base::message!("Must be between 1 and {max}.", max = MAX_PROBLEMS);
            top_level(Error::invalid("first", message))
        })?;
        let skipped = usize::try_from(after)
            .map_err(|_| top_level(Error::invalid("after", "`after` must not be negative.")))?;
        let problems = self.0.report.problems.iter().skip(skipped).take(count);
        Ok(problems.cloned().map(Into::into).collect())
    }

    /// Total number of errors, warnings and corrected cells.
    fn problems_total(&self) -> u64 {
        self.0.report.errors.saturating_add(self.0.report.warnings)
    }

    /// Guesses about a carrier's deck.
    #[field(length = 20)]
    fn detected(&self) -> Vec<DeckGuess> {
        self.0.report.detected.iter().cloned().map(Into::into).collect()
    }

    /// Questions about a carrier's deck. Choose one answer to each question, merge the mappings of these answers, and pass the result to
    /// `answerTariffImport`.
    #[field(length = 5)]
    fn questions(&self) -> Vec<DeckQuestion> {
        self.0.report.questions.iter().cloned().map(Into::into).collect()
    }

    /// Rows of a carrier's deck that a tariff cannot hold.
    #[field(length = 5)]
    fn set_aside(&self) -> Vec<DeckSetAside> {
        self.0.report.set_aside.clone().into_iter().map(Into::into).collect()
    }

    /// Changes compared to the base version; null until the file has been read without an error or question.
    fn changes(&self) -> Option<TariffImportChanges> {
        let RateChangeCounts { added, raised, lowered, changed, removed, unchanged } =
            self.0.report.changes?;
        Some(TariffImportChanges { added, raised, lowered, changed, removed, unchanged })
    }

    /// Prices below cost; null if `changes` is null.
    fn margin(&self) -> Option<MarginGuard> {
        self.0.report.margins.clone().map(Into::into)
    }

    /// The calls of the last thirty days, rated at the file's prices; null before the end of a dry run, for other imports (request `version { impact }`
    /// instead), and if the calls could not be rated.
    fn impact(&self) -> Option<TariffImpact> {
        let impact = self.0.report.impact?;
        Some(TariffImpact { impact, currency: self.0.tariff.currency.clone() })
    }

    /// The scheduled version that will replace the new version, but does not contain the new version's changes; null if no such version was
    /// scheduled, and for a draft. To keep the changes, import the file again with the scheduled version as `baseVersionId`.
    async fn next(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        let Some(id) = self.0.report.next else { return Ok(None) };
        let found = tariffs::find_version(app(ctx), actor(ctx)?, id).boxed().await;
        nullable(found.map(TariffVersion)).transpose()
    }

    /// The new version; null before the version is complete, after a dry run, and after the version was discarded.
    async fn version(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        let Some(id) = self.0.row.version_id else { return Ok(None) };
        let found = tariffs::find_version(app(ctx), actor(ctx)?, id).boxed().await;
        nullable(found.map(TariffVersion)).transpose()
    }

    /// Why the import failed; null unless the state is FAILED.
    fn error(&self) -> Option<UserError> {
        let failure = self.0.failure.as_ref()?;
        let (code, message) = (failure.code(), failure.message.clone().into());
        Some(UserError(error::UserError { code, message, field: Vec::new() }))
    }

    /// When the import was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.row.created_at
    }

    /// When the import ended; null until then.
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.row.ended_at
    }
}

/// A saved mapping of a carrier's decks.
#[derive(async_graphql::Description)]
pub struct TariffMapping(pub tariff_mapping::Model);

#[object(roles = MANAGERS, scope = TARIFFS_READ)]
impl TariffMapping {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::TariffMapping.id(self.0.id)
    }

    /// Name, usually that of the carrier.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The mapping as JSON.
    fn mapping(&self) -> String {
        self.0.mapping.to_string()
    }

    /// When the mapping was first saved.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the mapping was last saved.
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A rate deck to import. The file is uploaded afterwards.
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
    /// SHA-256 hash of the file in hexadecimal. If given, the upload of another file fails, and a request that repeats `idempotencyKey` with the hash of
    /// another file fails with `IDEMPOTENCY_CONFLICT`. Without the hash, a repeated key returns the first import, even if the file has changed.
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

/// An import to cancel.
#[derive(InputObject)]
pub struct CancelTariffImportInput {
    /// The import.
    pub import_id: ID,
}

/// A mapping to save.
#[object]
#[derive(InputObject)]
pub struct SaveTariffMappingInput {
    /// Owner of the mapping; the caller's own account if omitted. Visible to the platform only.
    #[field(roles = ADMIN)]
    pub account_id: Option<ID>,
    /// Name, usually that of the carrier. A mapping with the same name is replaced.
    pub name: String,
    /// The mapping as JSON, at most 100000 bytes.
    pub mapping: String,
}

/// A mapping to delete.
#[object]
#[derive(InputObject)]
pub struct DeleteTariffMappingInput {
    /// Owner of the mapping; the caller's own account if omitted. Visible to the platform only.
    #[field(roles = ADMIN)]
    pub account_id: Option<ID>,
    /// Name of the mapping.
    pub name: String,
}

payload!(
    /// Result of `createTariffImport`, `answerTariffImport` and `cancelTariffImport`.
    TariffImportPayload {
        /// The import.
        import: TariffImport,
    }
);

payload!(
    /// Result of `saveTariffMapping` and `deleteTariffMapping`.
    TariffMappingPayload {
        /// The mapping as it was saved or deleted.
        mapping: TariffMapping,
    }
);

/// The queries that this file defines.
#[derive(Default)]
pub struct TariffImportQuery;

#[object(root = "Query")]
impl TariffImportQuery {
    /// An import into a tariff of the caller's account; null if there is no such import. Imports are kept for 30 days after their end.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn tariff_import(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<TariffImport>> {
        let found = async { imports::find(app(ctx), caller(ctx)?, Kind::TariffImport.parse(&id)?).await };
        nullable(found.await.map(TariffImport))
    }

    /// Saved mappings of the caller's account, oldest first.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn tariff_mappings(
        &self,
        ctx: &Context<'_>,
        paging: Paging,
    ) -> async_graphql::Result<Page<TariffMapping>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| mappings::list(app, actor, None, page);
        connection(ctx, paging, false, read, |row: &tariff_mapping::Model| row.id, TariffMapping).await
    }
}

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
                sha256: input.sha256,
            };
            imports::create(app(ctx), &actor, new).await
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

    /// Cancels an import that has not ended, and deletes its file.
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

    /// Saves a mapping of a carrier's decks under a name. `createTariffImport` and `callshop tariff import` can use the saved mapping for the
    /// carrier's next decks.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn save_tariff_mapping(
        &self,
        ctx: &Context<'_>,
        input: SaveTariffMappingInput,
    ) -> async_graphql::Result<TariffMappingPayload> {
        let done = async {
            let account_id = parse_account_if(ctx, input.account_id.as_ref()).await?;
            let mapping = parse_mapping(&input.mapping)?;
            mappings::save(app(ctx), caller(ctx)?, account_id, &input.name, mapping).await
        };
        answer(done.await.map(mapped))
    }

    /// Deletes a saved mapping. Imports that were created with the mapping are not affected.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn delete_tariff_mapping(
        &self,
        ctx: &Context<'_>,
        input: DeleteTariffMappingInput,
    ) -> async_graphql::Result<TariffMappingPayload> {
        let done = async {
            let account_id = parse_account_if(ctx, input.account_id.as_ref()).await?;
            mappings::delete(app(ctx), caller(ctx)?, account_id, &input.name).await
        };
        answer(done.await.map(mapped))
    }
}

fn imported(job: Job) -> TariffImportPayload {
    TariffImportPayload { import: Some(TariffImport(job)), ..Default::default() }
}

fn mapped(row: tariff_mapping::Model) -> TariffMappingPayload {
    TariffMappingPayload { mapping: Some(TariffMapping(row)), ..Default::default() }
}

/// The subscriptions that this file defines.
#[derive(Default)]
pub struct TariffImportSubscription;

#[object(root = "Subscription")]
impl TariffImportSubscription {
    /// An import. A message is sent immediately, and after each change until the import has ended.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn tariff_import(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> async_graphql::Result<BoxStream<'static, async_graphql::Result<TariffImport>>> {
        let (app, actor) = (ctx.data_unchecked::<Arc<App>>().clone(), actor(ctx)?.clone());
        let id = Kind::TariffImport.parse(&id).map_err(top_level)?;
        // if the first read fails, the subscription fails
        imports::find(&app, &actor, id).await.map_err(top_level)?;
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let steps = stream::unfold(Some((ticks, None)), move |state| {
            let (app, actor) = (app.clone(), actor.clone());
            async move {
                let (mut ticks, last): (_, Option<Job>) = state?;
                loop {
                    ticks.tick().await;
                    match imports::find(&app, &actor, id).await {
                        Ok(now) if last.as_ref().is_some_and(|last| is_same(last, &now)) => {}
                        Ok(now) => {
                            let next = (!now.has_ended()).then(|| (ticks, Some(now.clone())));
                            return Some((Ok(TariffImport(now)), next));
                        }
                        Err(error) => return Some((Err(top_level(error)), None)),
                    }
                }
            }
        });
        Ok(steps.boxed())
    }
}

/// Whether two readings of an import look the same to clients, which do not see the node's heartbeats.
fn is_same(last: &Job, now: &Job) -> bool {
    let beat = now.row.heartbeat_at;
    let row = entity::tariff_import::Model { heartbeat_at: beat, ..last.row.clone() };
    row == now.row
}
