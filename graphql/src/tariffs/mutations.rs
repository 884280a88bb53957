//! Tariff mutations: new versions from files, single rates or copies; activation, assignment, blocked prefixes.

use async_graphql::{Context, ID, SimpleObject};
use billing::money::Rounding;
use entity::account;
use graphql_macros::object;
use uuid::Uuid;

use super::carrier_decks::{DeckGuess, DeckProblem, DeckQuestion, DeckSetAside, parse_mapping};
use super::impact::TariffImpact;
use super::inputs::{
    ActivateTariffVersionInput, AssignTariffInput, BlockDestinationInput, CopyTariffVersionInput,
    CreateTariffInput, DeleteRatesInput, ImportTariffInput, UpsertRatesInput,
};
use super::types::{Tariff, TariffVersion};
use super::versions::RateChanges;
use crate::accounts::{Account, Callshop, parse_account, parse_account_if};
use crate::payload::{UserError, answer, payload};
use crate::roles::MANAGERS;
use crate::scalars::{Decimal, Kind};
use crate::{app, caller, keyed};
use app::accounts;
use app::margin::{MarginWarning, Margins};
use app::tariffs::{self, BlockOn, Blocked, Edit, Import, NewTariff, Outcome, mappings};
use base::error::{self, Error, ErrorCode, Result};

/// A price below cost: a callshop's customers, or the accounts below a reseller, would pay less than the seller pays.
#[object]
#[derive(SimpleObject)]
#[graphql(name = "MarginWarning")]
pub struct MarginWarningView {
    /// E.164 digits without "+".
    pub prefix: String,
    /// Destination name.
    pub destination: String,
    /// Buyer's price for 60 seconds or, if only fees, increments, minimum charges or free seconds cause the loss, the buyer's charge for a call of
    /// `seconds`.
    pub retail_per_minute: Decimal,
    /// Seller's price for 60 seconds, or the seller's charge for the same call.
    pub cost_per_minute: Decimal,
    /// Talk time in seconds of the call whose charges are given; null if the prices are for 60 seconds.
    pub seconds: Option<u32>,
    /// Number of accounts that use this pair of tariffs.
    pub callshops: i64,
}

impl From<MarginWarning> for MarginWarningView {
    fn from(warning: MarginWarning) -> Self {
        Self {
            prefix: warning.prefix,
            destination: warning.destination,
            retail_per_minute: Decimal(warning.retail_per_minute),
            cost_per_minute: Decimal(warning.cost_per_minute),
            seconds: warning.seconds,
            callshops: warning.callshops,
        }
    }
}

/// Prices below cost, which are reported but not rejected.
#[object]
#[derive(SimpleObject)]
pub struct MarginGuard {
    /// At most 100 warnings.
    #[field(length = 100)]
    pub warnings: Vec<MarginWarningView>,
    /// Total number of warnings.
    pub total: u64,
    /// Whether the pairs of tariffs with the fewest accounts were left out, because there were more than 20 pairs to compare.
    pub is_partial: bool,
}

impl From<Margins> for MarginGuard {
    fn from(margins: Margins) -> Self {
        let Margins { warnings, total, is_partial } = margins;
        Self { warnings: warnings.into_iter().map(Into::into).collect(), total, is_partial }
    }
}

payload!(
    /// Result of `createTariff`.
    CreateTariffPayload {
        /// The new tariff, without a version yet.
        tariff: Tariff,
    }
);

payload!(
    /// Result of the mutations that create a draft.
    TariffDraftPayload {
        /// The new draft; null after a dry run. After an import by date, the last version of `scheduled`.
        version: TariffVersion,
        /// The versions of an import by date, in the order of their dates.
        #[field(length = 5)]
        scheduled: Vec<TariffVersion>,
        /// Changes compared to the version on which the draft is based; null if a row had an error.
        changes: RateChanges,
        /// Rows with errors or automatic corrections, in file order, at most 1000.
        #[field(length = 50)]
        problems: Vec<DeckProblem>,
        /// Total number of errors, warnings and corrected cells.
        problems_total: u64,
        /// Guesses about a carrier's deck.
        #[field(length = 20)]
        detected: Vec<DeckGuess>,
        /// Questions about a carrier's deck. If there are questions, nothing was imported. For each question, choose one answer and merge its mapping
        /// into `mapping`; then import the file again.
        #[field(length = 5)]
        questions: Vec<DeckQuestion>,
        /// Rows of a carrier's deck that a tariff cannot hold.
        #[field(length = 5)]
        set_aside: Vec<DeckSetAside>,
        /// Prices below cost.
        margin: MarginGuard,
        /// The calls of the last thirty days, rated at the draft's prices. Requesting this field takes up to ten seconds.
        impact: TariffImpact,
    }
);

payload!(
    /// Result of `activateTariffVersion`.
    ActivateTariffVersionPayload {
        /// The version after the change.
        version: TariffVersion,
        /// Prices below cost.
        margin: MarginGuard,
        /// The scheduled version that will replace the activated version, but does not contain the activated version's changes; null if no version is
        /// scheduled. To keep the changes, make them again with the scheduled version as `baseVersionId`.
        next: TariffVersion,
    }
);

payload!(
    /// Result of `assignTariff`.
    AssignTariffPayload {
        /// The account after the change; null if the account is a callshop.
        account: Account,
        /// The callshop; null if the account is not a callshop.
        callshop: Callshop,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// Result of `blockDestination` and `unblockDestination`.
    BlockDestinationPayload {
        /// The tariff after the change; null if a callshop was given.
        tariff: Tariff,
        /// The callshop after the change; null if a tariff was given.
        callshop: Callshop,
    }
);

/// The mutations that this file defines.
#[derive(Default)]
pub struct TariffMutation;

#[object(root = "Mutation")]
impl TariffMutation {
    /// Creates a tariff without prices.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
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
                rounding: rounding.ok_or_else(|| {
                    Error::invalid("roundingDecimals", "`roundingDecimals` must be between 0 and 6.")
                })?,
                time_zone: input.time_zone,
                bands: input.bands.into_iter().map(Into::into).collect(),
                holidays: input.holidays,
            };
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::create(app(ctx), &actor, new).await
        };
        answer(
            made.await
                .map(|tariff| CreateTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() }),
        )
    }

    /// Creates a draft from a file in the server's own format or in a carrier's format. If any row has an error, nothing is imported, and `problems`
    /// lists every bad row. If a carrier's file can be read in more than one way, nothing is imported, and `questions` lists the possible answers.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn import_tariff(
        &self,
        ctx: &Context<'_>,
        input: ImportTariffInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let tariff_id = Kind::Tariff.parse(&input.tariff_id)?;
            let mapping = input.mapping.as_deref().map(parse_mapping).transpose()?;
            let mapping_id = input.mapping_id.as_ref().map(|id| Kind::TariffMapping.parse(id)).transpose()?;
            let import = Import {
                tariff_id,
                file: input.csv.into_bytes(),
                mapping: mappings::chosen(app(ctx), &actor, tariff_id, (mapping_id, mapping)).await?,
                base_version_id: parse_base(input.base_version_id.as_ref())?,
                mode: input.mode.into(),
                by_date: input.by_date,
                dry_run: input.dry_run,
                note: input.note,
            };
            let outcome = tariffs::import(app(ctx), &actor, import, |_| {}).await?;
            drafted(ctx, tariff_id, outcome).await
        };
        answer(done.await)
    }

    /// Creates a draft from the active version or `baseVersionId`, and adds or changes the given rates.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn upsert_rates(
        &self,
        ctx: &Context<'_>,
        input: UpsertRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let rates = input.rates.into_iter().map(Into::into).collect();
            let edit = parse_edit(&input.tariff_id, input.base_version_id.as_ref(), input.note)?;
            let tariff_id = edit.tariff_id;
            let outcome = tariffs::upsert_rates(app(ctx), &actor, edit, rates).await?;
            drafted(ctx, tariff_id, outcome).await
        };
        answer(done.await)
    }

    /// Creates a draft from the active version or `baseVersionId`, without the given prefixes.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn delete_rates(
        &self,
        ctx: &Context<'_>,
        input: DeleteRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let edit = parse_edit(&input.tariff_id, input.base_version_id.as_ref(), input.note)?;
            let tariff_id = edit.tariff_id;
            let outcome = tariffs::delete_rates(app(ctx), &actor, edit, input.prefixes).await?;
            drafted(ctx, tariff_id, outcome).await
        };
        answer(done.await)
    }

    /// Creates a draft that is a copy of a version. The draft may replace the active version. A copy lets you return to an earlier version. A copy
    /// also lets you activate an old draft, even though other versions were activated after the draft was created.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn copy_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: CopyTariffVersionInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let outcome = tariffs::copy_version(app(ctx), &actor, id, &input.note).await?;
            let tariff_id = outcome.version.as_ref().map(|version| version.tariff.id).unwrap_or_default();
            drafted(ctx, tariff_id, outcome).await
        };
        answer(done.await)
    }

    /// Activates a draft, now or later. The draft must be based on the version that is active just before the draft takes effect; any other draft
    /// would undo the changes in between. Calls in progress keep the prices that they started with.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn activate_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: ActivateTariffVersionInput,
    ) -> async_graphql::Result<ActivateTariffVersionPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::activate(app(ctx), &actor, id, input.at).await
        };
        answer(done.await.map(|done| ActivateTariffVersionPayload {
            version: Some(TariffVersion(done.version)),
            margin: Some(done.margins.into()),
            next: done.next.map(TariffVersion),
            user_errors: Vec::new(),
        }))
    }

    /// Assigns the tariff that sets the prices for a child account or for a callshop's customers. Calls are refused until the tariff has an active
    /// version.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn assign_tariff(
        &self,
        ctx: &Context<'_>,
        input: AssignTariffInput,
    ) -> async_graphql::Result<AssignTariffPayload> {
        let done = async {
            let tariff_id = input.tariff_id.as_ref().map(|id| Kind::Tariff.parse(id)).transpose()?;
            let id = parse_account(ctx, &input.account_id).await?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let (account, margins) =
                tariffs::assign(app(ctx), &actor, id, tariff_id, input.kind.into()).await?;
            assigned(ctx, account, margins).await
        };
        answer(done.await)
    }

    /// Blocks numbers that begin with a prefix, starting with the next call.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn block_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, true).await)
    }

    /// Unblocks a prefix.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn unblock_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, false).await)
    }
}

pub(super) fn parse_base(id: Option<&ID>) -> Result<Option<Uuid>> {
    id.map(|id| Kind::TariffVersion.parse(id)).transpose()
}

fn parse_edit(tariff_id: &ID, base_version_id: Option<&ID>, note: String) -> Result<Edit> {
    Ok(Edit {
        tariff_id: Kind::Tariff.parse(tariff_id)?,
        base_version_id: parse_base(base_version_id)?,
        note,
    })
}

/// The payload of a draft. The calls of the last thirty days are rated only if the client requests the field `impact`.
async fn drafted(ctx: &Context<'_>, tariff_id: Uuid, outcome: Outcome) -> Result<TariffDraftPayload> {
    let asked = ctx.look_ahead().field("impact").exists();
    let impact = match (&outcome.loaded, &outcome.version) {
        _ if !asked => None,
        (Some(draft), _) => Some(tariffs::impact_of_draft(app(ctx), caller(ctx)?, tariff_id, draft).await?),
        // for a repeated request, only the version is known, not the draft's rates
        (None, Some(version)) => Some(tariffs::impact_of_version(app(ctx), caller(ctx)?, version).await?),
        (None, None) => None,
    };
    let currency = outcome.comparison.as_ref().map(|rows| rows.currency().to_owned()).unwrap_or_default();
    let impact = impact.map(|impact| TariffImpact { impact, currency });
    Ok(TariffDraftPayload { impact, ..reported(outcome) })
}

fn reported(outcome: Outcome) -> TariffDraftPayload {
    let problems_total = Some(outcome.errors + outcome.fixed);
    let problems = Some(outcome.problems.into_iter().map(Into::into).collect());
    let detected = Some(outcome.detected.into_iter().map(Into::into).collect());
    let set_aside = Some(outcome.set_aside.into_iter().map(Into::into).collect());
    let asked = outcome.questions.len();
    let questions = Some(outcome.questions.into_iter().map(Into::into).collect());
    if outcome.errors > 0 || asked > 0 {
        let message = match asked {
            0 => base::message!(
                "Nothing was imported. Errors in the file: {errors}. See `problems`.",
                errors = outcome.errors
            ),
            _ => "Nothing was imported. The file can be read in more than one way. Use `mapping` to answer the `questions`."
                .into(),
        };
        let error = error::UserError { code: ErrorCode::BadDeck, message, field: vec!["csv".to_owned()] };
        return TariffDraftPayload {
            problems,
            problems_total,
            detected,
            questions,
            set_aside,
            user_errors: vec![UserError(error)],
            ..Default::default()
        };
    }
    TariffDraftPayload {
        version: outcome.version.map(TariffVersion),
        scheduled: Some(outcome.scheduled.into_iter().map(TariffVersion).collect()),
        changes: outcome.comparison.map(RateChanges),
        problems,
        problems_total,
        detected,
        questions,
        set_aside,
        margin: Some(outcome.margins.into()),
        impact: None,
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
        _ => return Err(Error::invalid("tariffId", "Give exactly one of `tariffId` and `callshopId`.")),
    };
    let mut payload = BlockDestinationPayload::default();
    let actor = keyed(ctx, input.idempotency_key.as_deref())?;
    match tariffs::set_blocked(app(ctx), &actor, on, &input.prefix, blocked).await? {
        Blocked::Tariff(tariff) => payload.tariff = Some(Tariff(*tariff)),
        Blocked::Callshop(shop) => payload.callshop = Some(Callshop(*shop)),
    }
    Ok(payload)
}
