//! Changing tariffs: new versions from files, rows or copies, their activation, who gets them, what is blocked.

use async_graphql::{Context, ID, Object, SimpleObject};
use billing::deck::RowProblem;
use billing::money::Rounding;
use entity::account;
use uuid::Uuid;

use super::inputs::{
    ActivateTariffVersionInput, AssignTariffInput, BlockDestinationInput, CopyTariffVersionInput,
    CreateTariffInput, DeleteRatesInput, ImportTariffInput, UpsertRatesInput,
};
use super::types::{ProblemSeverity, Tariff, TariffVersion};
use crate::accounts::{Account, Callshop, parse_account, parse_account_if};
use crate::payload::{UserError, answer, payload};
use crate::scalars::{Decimal, Kind};
use crate::{app, caller};
use app::accounts;
use app::margin::{MarginWarning, Margins};
use app::tariffs::{self, BlockOn, Blocked, Edit, Import, NewTariff, Outcome};
use base::error::{Error, ErrorCode, Result};

/// What is wrong, or was mended, in a file.
#[derive(SimpleObject)]
pub struct DeckProblem {
    /// Line of the file on which the row begins, the header being 1; 0 for the file as a whole.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// Whether the row can be used.
    pub severity: ProblemSeverity,
    /// Stable code.
    pub code: String,
    /// For people, in English.
    pub message: String,
}

impl From<RowProblem> for DeckProblem {
    fn from(problem: RowProblem) -> Self {
        let RowProblem { line, column, severity, code, message } = problem;
        Self { line, column, severity: severity.into(), code: code.into_owned(), message }
    }
}

/// Where a callshop's customers would pay less than the callshop.
#[derive(SimpleObject)]
#[graphql(name = "MarginWarning")]
pub struct MarginWarningView {
    /// E.164 digits.
    pub prefix: String,
    /// For people.
    pub destination: String,
    /// What a minute costs the customer.
    pub retail_per_minute: Decimal,
    /// What it costs the callshop.
    pub cost_per_minute: Decimal,
    /// How many callshops buy and sell by these two tariffs.
    pub callshops: i64,
}

impl From<MarginWarning> for MarginWarningView {
    fn from(warning: MarginWarning) -> Self {
        Self {
            prefix: warning.prefix,
            destination: warning.destination,
            retail_per_minute: Decimal(warning.retail_per_minute),
            cost_per_minute: Decimal(warning.cost_per_minute),
            callshops: warning.callshops,
        }
    }
}

/// Prices below cost: told of, not refused.
#[derive(SimpleObject)]
pub struct MarginGuard {
    /// At most 100 of them.
    pub warnings: Vec<MarginWarningView>,
    /// How many there are.
    pub total: u64,
}

impl From<Margins> for MarginGuard {
    fn from(margins: Margins) -> Self {
        Self { warnings: margins.warnings.into_iter().map(Into::into).collect(), total: margins.total }
    }
}

/// How the rates differ from those of the version that the draft builds on.
#[derive(SimpleObject)]
pub struct RateChanges {
    /// Prefixes that are new.
    pub added: u64,
    /// Prefixes whose rate differs.
    pub changed: u64,
    /// Prefixes that are gone.
    pub removed: u64,
    /// Prefixes with the same rate.
    pub unchanged: u64,
}

payload!(
    /// What `createTariff` answers.
    CreateTariffPayload {
        /// The new tariff, without a version yet.
        tariff: Tariff,
    }
);

payload!(
    /// What mutations answer that make a draft.
    TariffDraftPayload {
        /// The new draft; null after a dry run.
        version: TariffVersion,
        /// Against the version that it builds on; null when a row was bad.
        changes: RateChanges,
        /// Bad and mended rows in the order of the file, at most 1000.
        problems: Vec<DeckProblem>,
        /// How many errors and mended cells there are.
        problems_total: u64,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// What `activateTariffVersion` answers.
    ActivateTariffVersionPayload {
        /// The version as it is now.
        version: TariffVersion,
        /// Prices below cost.
        margin: MarginGuard,
        /// The version that is scheduled to take its place, and that does not have its changes: make them on that one, too
        /// (`baseVersionId`). Null when none is scheduled.
        next: TariffVersion,
    }
);

payload!(
    /// What `assignTariff` answers.
    AssignTariffPayload {
        /// The account, when it is no callshop.
        account: Account,
        /// The callshop, when it is one.
        callshop: Callshop,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// What `blockDestination` and `unblockDestination` answer.
    BlockDestinationPayload {
        /// The tariff as it is now, when it was one.
        tariff: Tariff,
        /// The callshop as it is now, when it was one.
        callshop: Callshop,
    }
);

/// Mutations of this file.
#[derive(Default)]
pub struct TariffMutation;

#[Object]
impl TariffMutation {
    /// Makes a tariff, still without prices. All but its blocked prefixes is fixed from then on.
    async fn create_tariff(
        &self,
        ctx: &Context<'_>,
        input: CreateTariffInput,
    ) -> async_graphql::Result<CreateTariffPayload> {
        let made = async {
            let decimals = u8::try_from(input.rounding_decimals).ok();
            let mode = entity::RoundingMode::from(input.rounding_mode);
            let rounding = decimals.and_then(|decimals| Rounding::new(decimals, mode.into()).ok());
            let new = NewTariff {
                account_id: parse_account_if(ctx, input.account_id.as_ref()).await?,
                name: input.name,
                currency: input.currency.map(|currency| currency.0),
                rounding: rounding.ok_or_else(|| Error::invalid("roundingDecimals", "0 to 6"))?,
                time_zone: input.time_zone,
                bands: input.bands.into_iter().map(Into::into).collect(),
                holidays: input.holidays,
            };
            tariffs::create(app(ctx), caller(ctx)?, new).await
        };
        answer(
            made.await
                .map(|tariff| CreateTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() }),
        )
    }

    /// Makes a draft from a CSV. An error in any row imports nothing, and `problems` names every bad row.
    async fn import_tariff(
        &self,
        ctx: &Context<'_>,
        input: ImportTariffInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let import = Import {
                tariff_id: Kind::Tariff.parse(&input.tariff_id)?,
                csv: input.csv,
                base_version_id: parse_base(input.base_version_id.as_ref())?,
                mode: input.mode.into(),
                dry_run: input.dry_run,
                note: input.note,
            };
            tariffs::import(app(ctx), caller(ctx)?, import, |_| {}).await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft from the version in force, or another, with these rates added or changed.
    async fn upsert_rates(
        &self,
        ctx: &Context<'_>,
        input: UpsertRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let rates = input.rates.into_iter().map(Into::into).collect();
            let edit = parse_edit(&input.tariff_id, input.base_version_id.as_ref(), input.note)?;
            tariffs::upsert_rates(app(ctx), caller(ctx)?, edit, rates).await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft from the version in force, or another, without these prefixes.
    async fn delete_rates(
        &self,
        ctx: &Context<'_>,
        input: DeleteRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let edit = parse_edit(&input.tariff_id, input.base_version_id.as_ref(), input.note)?;
            tariffs::delete_rates(app(ctx), caller(ctx)?, edit, input.prefixes).await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft that is the copy of a version and takes the place of the one in force: to go back to an earlier one, or to
    /// activate a draft as it is although others came between.
    async fn copy_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: CopyTariffVersionInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            tariffs::copy_version(app(ctx), caller(ctx)?, id, &input.note).await
        };
        answer(done.await.map(drafted))
    }

    /// Puts a draft in force, now or at a later instant. It has to be made from the version that is in force until then: otherwise it would
    /// undo what came between. Calls that are up keep the prices they began with.
    async fn activate_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: ActivateTariffVersionInput,
    ) -> async_graphql::Result<ActivateTariffVersionPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            tariffs::activate(app(ctx), caller(ctx)?, id, input.at).await
        };
        answer(done.await.map(|done| ActivateTariffVersionPayload {
            version: Some(TariffVersion(done.version)),
            margin: Some(done.margins.into()),
            next: done.next.map(TariffVersion),
            user_errors: Vec::new(),
        }))
    }

    /// Gives a child the tariff that it, or a callshop's customers, pay by. It may have no version in force yet: calls are refused until then.
    async fn assign_tariff(
        &self,
        ctx: &Context<'_>,
        input: AssignTariffInput,
    ) -> async_graphql::Result<AssignTariffPayload> {
        let done = async {
            let tariff_id = input.tariff_id.as_ref().map(|id| Kind::Tariff.parse(id)).transpose()?;
            let id = parse_account(ctx, &input.account_id).await?;
            let (account, margins) =
                tariffs::assign(app(ctx), caller(ctx)?, id, tariff_id, input.kind.into()).await?;
            assigned(ctx, account, margins).await
        };
        answer(done.await)
    }

    /// Refuses numbers that begin with a prefix, from the next call on.
    async fn block_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, true).await)
    }

    /// Takes a prefix out of those that are refused.
    async fn unblock_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, false).await)
    }
}

fn parse_base(id: Option<&ID>) -> Result<Option<Uuid>> {
    id.map(|id| Kind::TariffVersion.parse(id)).transpose()
}

fn parse_edit(tariff_id: &ID, base_version_id: Option<&ID>, note: String) -> Result<Edit> {
    Ok(Edit {
        tariff_id: Kind::Tariff.parse(tariff_id)?,
        base_version_id: parse_base(base_version_id)?,
        note,
    })
}

fn drafted(outcome: Outcome) -> TariffDraftPayload {
    let problems_total = Some(outcome.errors + outcome.fixed);
    let problems = Some(outcome.problems.into_iter().map(Into::into).collect());
    if outcome.errors > 0 {
        let message = format!("{} errors in the file, nothing was imported: see problems", outcome.errors);
        let error = UserError { code: ErrorCode::BadDeck.into(), message, field: vec!["csv".to_owned()] };
        return TariffDraftPayload {
            problems,
            problems_total,
            user_errors: vec![error],
            ..Default::default()
        };
    }
    let tariffs::Changes { added, changed, removed, unchanged } = outcome.changes;
    TariffDraftPayload {
        version: outcome.version.map(TariffVersion),
        changes: Some(RateChanges { added, changed, removed, unchanged }),
        problems,
        problems_total,
        margin: Some(outcome.margins.into()),
        user_errors: Vec::new(),
    }
}

async fn assigned(
    ctx: &Context<'_>,
    account: account::Model,
    margins: Margins,
) -> Result<AssignTariffPayload> {
    let margin = Some(margins.into());
    if account.kind != entity::AccountKind::Callshop {
        return Ok(AssignTariffPayload { account: Some(Account(account)), margin, ..Default::default() });
    }
    let shop = accounts::find_shop(app(ctx), caller(ctx)?, account.id).await?;
    Ok(AssignTariffPayload { callshop: Some(Callshop(shop)), margin, ..Default::default() })
}

async fn set_blocked(
    ctx: &Context<'_>,
    input: BlockDestinationInput,
    blocked: bool,
) -> Result<BlockDestinationPayload> {
    let on = match (&input.tariff_id, &input.callshop_id) {
        (Some(id), None) => BlockOn::Tariff(Kind::Tariff.parse(id)?),
        (None, Some(id)) => BlockOn::Callshop(Kind::Callshop.parse(id)?),
        _ => return Err(Error::invalid("tariffId", "give exactly one of tariffId and callshopId")),
    };
    let mut payload = BlockDestinationPayload::default();
    match tariffs::set_blocked(app(ctx), caller(ctx)?, on, &input.prefix, blocked).await? {
        Blocked::Tariff(tariff) => payload.tariff = Some(Tariff(*tariff)),
        Blocked::Callshop(shop) => payload.callshop = Some(Callshop(*shop)),
    }
    Ok(payload)
}
