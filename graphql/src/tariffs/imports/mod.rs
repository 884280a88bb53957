//! Imports of rate decks as jobs.

mod mutations;

pub use mutations::{TariffImportMutation, TariffImportPayload};

use std::future::ready;
use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use billing::rate_changes::RateChangeCounts;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use graphql_macros::object;
use uuid::Uuid;

use super::carrier_decks::{DeckGuess, DeckProblem, DeckQuestion, DeckSetAside};
use super::impact::TariffImpact;
use super::mutations::MarginGuard;
use super::rates::by_prefix;
use super::types::{Tariff, TariffImportMode, TariffVersion};
use super::versions::{RateChangeKind, RateChangeView};
use crate::api_tokens::ApiToken;
use crate::live_calls::ticks;
use crate::loaders::{ApiTokenId, VersionId, load};
use crate::paging::{Page, Paging};
use crate::payload::{UserError, nullable, top_level};
use crate::roles::MANAGERS;
use crate::scalars::Kind;
use crate::sessions::user;
use crate::users::User;
use crate::{actor, app, caller, graphql_enum};
use app::App;
use app::tariffs::RateChange;
use app::tariffs::imports::{self, Job, JobFollower};
use base::error::{self, Error};

/// Maximum number of problems in one response.
const MAX_PROBLEMS: i32 = 1_000;

graphql_enum!(
    /// State of an import.
    TariffImportState = "entity::ImportState" {
        /// The import waits for its file. Upload the file to `uploadUrl`.
        Upload,
        /// The server lost the file, usually because it stopped. Upload the file to `uploadUrl` again. If the import was started after a dry run, the
        /// findings of the dry run are deleted.
        UploadAgain,
        /// The file is read, and its rates are stored.
        Reading,
        /// The file can be read in more than one way. Answer `questions` with `answerTariffImport`.
        Asks,
        /// The file was checked in a dry run. `startTariffImport` imports the file. If the started import fails before it stores a version, the
        /// import returns to this state; but if it finds errors in the file, the import becomes FAILED.
        Checked,
        /// The new version is stored and, if requested, scheduled.
        Done,
        /// The import failed; see `error`.
        Failed,
        /// The import was canceled or, after a dry run, discarded.
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
    /// Number of prefixes that have the same price per minute, but differ in another way.
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

    /// Time by which the file must be uploaded, or the questions answered; otherwise, the import fails. After a dry run, the time until which
    /// `startTariffImport` can use the file. The server may delete the file earlier if it needs the space.
    fn expires_at(&self) -> DateTime<Utc> {
        self.0.row.expires_at
    }

    /// Name of the file; null if neither `createTariffImport` nor the upload gave a name.
    fn file_name(&self) -> Option<&str> {
        self.0.row.file_name.as_deref()
    }

    /// The user who created the import, perhaps with an API token; null if a user of the platform created it, and the caller belongs to another account.
    async fn created_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        let user = user(ctx, self.0.row.created_by).await?;
        let actor = actor(ctx)?;
        Ok(user.filter(|user| imports::sees_creator(actor, &user.0)))
    }

    /// The API token with which a program created the import on behalf of `createdBy`; null if a person created it, or if `createdBy` is null. Hidden
    /// from API tokens.
    #[field(scope = LOGIN_ONLY)]
    async fn api_token(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<ApiToken>> {
        let Some(id) = self.0.row.created_with else { return Ok(None) };
        if self.created_by(ctx).await?.is_none() {
            return Ok(None);
        }
        Ok(load(ctx, ApiTokenId(id)).await.map_err(top_level)?.map(ApiToken))
    }

    /// How the file's rows are combined with the base version.
    fn mode(&self) -> TariffImportMode {
        self.0.input.mode.into()
    }

    /// The mapping with which the file is read, as JSON. The mapping includes the saved mapping that was chosen, and the answers given so far. Null if
    /// the file is read without a mapping.
    fn mapping(&self) -> async_graphql::Result<Option<String>> {
        let text = self.0.input.mapping.as_ref().map(serde_json::to_string).transpose();
        text.map_err(|error| top_level(Error::fault(error)))
    }

    /// Whether the file is only checked. After `startTariffImport`, this field is false. If the import then returns to CHECKED, the field is true
    /// again.
    fn dry_run(&self) -> bool {
        self.0.input.dry_run
    }

    /// When the new version takes effect; null if it stays a draft.
    fn effective_at(&self) -> Option<DateTime<Utc>> {
        self.0.input.effective_at
    }

    /// Whether each date of the file makes a scheduled version.
    fn by_date(&self) -> bool {
        self.0.input.by_date
    }

    /// Description of the new version, as `createTariffImport` gave it; may be empty.
    fn note(&self) -> &str {
        &self.0.input.note
    }

    /// Number of the file's rows with data: all rows except titles, the header, footnotes and empty rows. Null until the file has been read.
    fn row_count(&self) -> Option<u64> {
        self.0.report.rows
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

    /// Changes compared to the base version; null until the file has been read without an error or question. While the file of a checked import is read
    /// again after `startTariffImport`, these are still the changes that the dry run found.
    fn changes(&self) -> Option<TariffImportChanges> {
        let RateChangeCounts { added, raised, lowered, changed, removed, unchanged } =
            self.0.report.changes?;
        Some(TariffImportChanges { added, raised, lowered, changed, removed, unchanged })
    }

    /// The prefixes that a dry run would add, change or remove, ordered by prefix. Only the first 5,000 changed prefixes are listed, and `kind`
    /// selects some of these. `totalCount` also counts the prefixes that are not listed. `changedRatesComplete` says whether all changed prefixes
    /// are listed. The list is stored as long as the server keeps the file of the dry run. For other imports, the list is empty: request
    /// `version { changes { rows } }` instead. For an import by date, the list shows the last version's changes, as `changes` does.
    async fn changed_rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Prefixes of this kind; all changed prefixes if omitted.")] kind: Option<
            RateChangeKind,
        >,
        paging: Paging,
    ) -> async_graphql::Result<Page<RateChangeView>> {
        let (app, actor, kind) = (app(ctx), actor(ctx)?, kind.map(Into::into));
        let read = |page| imports::changes(app, actor, self.0.row.id, kind, page);
        let currency = &self.0.tariff.currency;
        let node = |change| RateChangeView { change, currency: currency.clone() };
        by_prefix(ctx, paging, read, RateChange::prefix, node).boxed().await
    }

    /// Whether `changedRates` lists every changed prefix. False if there are more than 5,000, and null if no list is stored.
    fn changed_rates_complete(&self) -> Option<bool> {
        self.0.lists_all_changes()
    }

    /// Prices below cost; null if `changes` is null.
    fn margin(&self) -> Option<MarginGuard> {
        self.0.report.margins.clone().map(Into::into)
    }

    /// The calls of the last thirty days, rated at the file's prices. A dry run has this value once it has ended, and keeps it after `startTariffImport`
    /// until the file has been read again. The value is null if the calls could not be rated. For other imports, request `version { impact }` instead.
    fn impact(&self) -> Option<TariffImpact> {
        let impact = self.0.report.impact?;
        Some(TariffImpact { impact, currency: self.0.tariff.currency.clone() })
    }

    /// The scheduled version that will replace the new version, but does not contain the new version's changes; null if no such version was
    /// scheduled, and for a draft. To keep the changes, import the file again with the scheduled version as `baseVersionId`.
    async fn next(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        version(ctx, self.0.report.next).await
    }

    /// The versions of an import by date, in the order of their dates, without versions that were discarded; empty for other imports, and before the
    /// versions are complete.
    #[field(length = 5)]
    async fn scheduled(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TariffVersion>> {
        let ids = self.0.scheduled().map_err(top_level)?;
        let found = try_join_all(ids.into_iter().map(|id| version(ctx, Some(id)))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The new version; null before the version is complete, after a dry run, and after the version was discarded. For an import by date, the last
    /// version of `scheduled`.
    async fn version(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        version(ctx, self.0.row.version_id).await
    }

    /// The reason why the import failed; null if it did not fail. In the state CHECKED, the last start of the import failed for this reason, and the
    /// import can be started again.
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

/// A version of the import's tariff; `None` if the version was discarded. The versions of all imports in a list are read together.
async fn version(ctx: &Context<'_>, id: Option<Uuid>) -> async_graphql::Result<Option<TariffVersion>> {
    let Some(id) = id else { return Ok(None) };
    Ok(load(ctx, VersionId(id)).await.map_err(top_level)?.map(TariffVersion))
}

/// The queries that this file defines.
#[derive(Default)]
pub struct TariffImportQuery;

#[object(root = "Query")]
impl TariffImportQuery {
    /// An import into a tariff of the caller's account; null if there is no such import. An import is kept for 30 days after it ends.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn tariff_import(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<TariffImport>> {
        let found = async { imports::find(app(ctx), caller(ctx)?, Kind::TariffImport.parse(&id)?).await };
        nullable(found.await.map(TariffImport))
    }
}

/// The subscriptions that this file defines.
#[derive(Default)]
pub struct TariffImportSubscription;

#[object(root = "Subscription")]
impl TariffImportSubscription {
    /// An import. A message is sent immediately, and after each change. Changes within a quarter of a second are combined into one message. The
    /// subscription ends after the message with the state DONE, FAILED or CANCELED. In the state CHECKED, it goes on as long as the server keeps the
    /// file, because the import may still be started: the messages after `startTariffImport` arrive on the same subscription.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn tariff_import(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> async_graphql::Result<BoxStream<'static, async_graphql::Result<TariffImport>>> {
        let (app, actor) = (ctx.data_unchecked::<Arc<App>>().clone(), actor(ctx)?.clone());
        let id = Kind::TariffImport.parse(&id).map_err(top_level)?;
        let (follower, first) = JobFollower::start(app, actor, id).await.map_err(top_level)?;
        let later = ticks(follower, |follower| follower.next().boxed());
        // the stream of the later states ends after the first `None`
        let later = later.take_while(|job| ready(!matches!(job, Ok(None)))).map(Result::transpose);
        let steps = stream::iter([Ok(first)]).chain(later.filter_map(ready));
        Ok(steps.map(|job| job.map(TariffImport)).boxed())
    }
}
