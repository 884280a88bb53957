//! Exports: rates, calls, the ledger, payments, shifts, statements and price lists as files of any length, in constant memory.
//!
//! [`open`] checks that the actor may read the exported list through the API. [`Export::next`] then reads one bounded page at a time, each with its
//! own query, so that a slow client keeps no transaction open. Before each page, [`Export::next`] checks that the actor's login or token is still
//! valid.

pub mod link;
mod period;
mod price_list;
mod request;
mod tables;

use std::sync::Arc;

use billing::table::{Cell, csv_header, csv_row, json_row};
use chrono_tz::Tz;
use entity::{TokenScope, account};
use uuid::Uuid;

pub use period::period;
pub use request::{Format, Request, Subject};

use crate::account_statement;
use crate::auth::{Actor, Right, resume};
use crate::prices::Prices;
use crate::rates::Terms;
use crate::{App, access, api_tokens, prices, tariffs};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use price_list::PriceList;
use store::{Scope, Within};
use tables::{Ledger, Rates, Shops};

/// Number of rows that one query reads.
const PAGE: u64 = 500;

/// Writes the global id of the row with this UUID. The first argument is the name of the row's GraphQL type.
pub type GlobalId = fn(&'static str, Uuid) -> String;

/// A file that is being exported.
pub struct Export {
    app: Arc<App>,
    actor: Actor,
    rows: Rows,
    columns: Vec<String>,
    format: Format,
    /// Number of rows written so far.
    written: u64,
    has_begun: bool,
    has_ended: bool,
    /// The name under which to save the file: letters, digits, `.`, `-` and `_`.
    pub file_name: String,
}

/// Reads the rows of an export.
enum Rows {
    Rates(Rates),
    Shops(Shops),
    Ledger(Ledger),
    PriceList(Box<PriceList>),
    /// All rows of a short table.
    Table(Vec<Vec<Cell>>),
    /// A document instead of rows.
    Document(Vec<u8>),
}

/// The settings with which all tables write their cells.
#[derive(Clone, Copy)]
struct Style {
    zone: Tz,
    global_id: GlobalId,
}

impl Style {
    fn id(self, name: &'static str, id: Uuid) -> Cell {
        Cell::Text((self.global_id)(name, id))
    }

    fn id_if(self, name: &'static str, id: Option<Uuid>) -> Cell {
        id.map_or(Cell::Empty, |id| self.id(name, id))
    }

    /// A time with the offset of the account's time zone.
    fn time(self, at: chrono::DateTime<chrono::Utc>) -> Cell {
        let local = at.with_timezone(&self.zone);
        Cell::Text(local.to_rfc3339_opts(chrono::SecondsFormat::Millis, false))
    }

    fn time_if(self, at: Option<chrono::DateTime<chrono::Utc>>) -> Cell {
        at.map_or(Cell::Empty, |at| self.time(at))
    }
}

/// Checks that an API token has this scope. Logins have every scope.
fn require_scope(actor: &Actor, scope: TokenScope) -> Result<()> {
    match &actor.token {
        Some(token) if !token.scopes.contains(&scope) => Err(Error::user(
            ErrorCode::Forbidden,
            base::message!(
                "The API token lacks the scope {scope}. Use a token that has this scope.",
                scope = api_tokens::spelling(scope)
            ),
        )),
        _ => Ok(()),
    }
}

/// Checks whether the request is valid and whether the actor may make it, without reading rows.
///
/// # Errors
/// See [`open`].
pub async fn check(app: &App, actor: &Actor, request: &Request) -> Result<()> {
    require_scope(actor, request.subject.scope())?;
    request.check_format()?;
    match request.subject {
        Subject::Rates => drop(tariffs::find_version(app, actor, request.id).await?),
        Subject::PriceList => drop(access::shop(app.store.reader(), actor, request.id, Right::Quote).await?),
        _ => drop(whose(app, actor, request).await?),
    }
    Ok(())
}

/// Opens an export. The actor needs the right to read the exported list through the API; an API token also needs the list's scope.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a bad range or a format that the subject does not have. May also fail with `FORBIDDEN` or `NOT_FOUND`.
pub async fn open(app: &Arc<App>, actor: &Actor, request: &Request, global_id: GlobalId) -> Result<Export> {
    require_scope(actor, request.subject.scope())?;
    request.check_format()?;
    let opened = match request.subject {
        Subject::Rates => Box::pin(rates(app, actor, request)).await?,
        Subject::PriceList => Box::pin(price_list(app, actor, request)).await?,
        _ => Box::pin(of_account(app, actor, request, global_id)).await?,
    };
    Ok(Export {
        app: app.clone(),
        actor: actor.clone(),
        rows: opened.rows,
        columns: opened.columns,
        format: request.format,
        written: 0,
        has_begun: false,
        has_ended: false,
        file_name: request.file_name(&opened.name),
    })
}

/// The parts of an [`Export`] that depend on its subject.
struct Opened {
    rows: Rows,
    columns: Vec<String>,
    /// The part of the file name that names the account or tariff.
    name: String,
}

async fn rates(app: &App, actor: &Actor, request: &Request) -> Result<Opened> {
    let found = tariffs::find_version(app, actor, request.id).await?;
    let bands: Vec<String> = Terms::of(&found.version)?.bands.into_iter().map(|band| band.name).collect();
    Ok(Opened {
        columns: billing::deck::deck_columns(bands.iter().map(String::as_str)),
        name: format!("{}-{}", found.tariff.name, found.version.number),
        rows: Rows::Rates(Rates { version_id: found.version.id, bands, after: None }),
    })
}

async fn price_list(app: &App, actor: &Actor, request: &Request) -> Result<Opened> {
    let prices = prices::in_force(app, actor, request.id).await?;
    let account = access::account(app.store.reader(), actor, request.id, request.subject.right()).await?;
    let shop = prices.as_ref().map_or(account.name.as_str(), Prices::shop_name).to_owned();
    let list = PriceList::new(prices, request.language(actor));
    let columns = list.columns();
    let rows = match request.format {
        Format::Pdf => Rows::Document(list.pdf(app, &shop).await?),
        Format::Csv | Format::Jsonl => Rows::PriceList(Box::new(list)),
    };
    Ok(Opened { rows, columns, name: account.code })
}

/// The account of a request, its time zone and the period.
async fn whose(app: &App, actor: &Actor, request: &Request) -> Result<(account::Model, Tz, Within)> {
    let account = access::account(app.store.reader(), actor, request.id, request.subject.right()).await?;
    let zone: Tz = account.time_zone.parse().or_fault()?;
    let within = period(zone, request.from.as_deref(), request.to.as_deref())?;
    Ok((account, zone, within))
}

async fn of_account(app: &App, actor: &Actor, request: &Request, global_id: GlobalId) -> Result<Opened> {
    let (account, zone, within) = whose(app, actor, request).await?;
    let style = Style { zone, global_id };
    let scope = Scope::subtree(&account.path);
    let shops = |list| Shops::new(list, scope, account.id, within, style);
    let (rows, columns) = match request.subject {
        Subject::Ledger => {
            let book = request.book.unwrap_or(entity::Book::Credit);
            let rows = Ledger { account: account.clone(), book, within, style, after: None };
            (Rows::Ledger(rows), names(&tables::LEDGER))
        }
        Subject::Statement => {
            let rows = statement(app, actor, request, (account.id, within), zone).await?;
            (rows, names(&account_statement::COLUMNS))
        }
        Subject::Payments => (Rows::Shops(shops(tables::List::Payments)), names(&tables::PAYMENTS)),
        Subject::Shifts => (Rows::Shops(shops(tables::List::Shifts)), tables::shift_columns()),
        Subject::Calls | Subject::Rates | Subject::PriceList => {
            (Rows::Shops(shops(tables::List::Calls)), names(&tables::CALLS))
        }
    };
    Ok(Opened { rows, columns, name: account.code })
}

async fn statement(
    app: &App,
    actor: &Actor,
    request: &Request,
    (account_id, within): (Uuid, Within),
    zone: Tz,
) -> Result<Rows> {
    let statement = account_statement::statement(app, actor, account_id, within).await?;
    Ok(match request.format {
        Format::Pdf => Rows::Document(statement.pdf(request.language(actor))),
        Format::Csv | Format::Jsonl => Rows::Table(statement.table(zone)),
    })
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|name| (*name).to_owned()).collect()
}

impl Export {
    /// The next part of the file; `None` after the end.
    ///
    /// # Errors
    /// Fails with [`Error::Unauthenticated`] if the actor's login or token has ended. May also fail with database errors. After an error, the file is
    /// incomplete.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.has_ended {
            return Ok(None);
        }
        resume::still_valid(&self.app, &self.actor).await?;
        let mut text = String::new();
        if !std::mem::replace(&mut self.has_begun, true) && self.format == Format::Csv {
            csv_header(&mut text, &self.columns);
        }
        let Some(rows) = Box::pin(self.read()).await? else {
            self.has_ended = true;
            return Ok(match &mut self.rows {
                Rows::Document(document) => Some(std::mem::take(document)),
                // a table without rows still has a header
                _ => (!text.is_empty()).then(|| text.into_bytes()),
            });
        };
        for row in &rows {
            match self.format {
                Format::Jsonl => json_row(&mut text, &self.columns, row),
                Format::Csv | Format::Pdf => csv_row(&mut text, row),
            }
        }
        self.written = self.written.saturating_add(u64::try_from(rows.len()).or_fault()?);
        Ok(Some(text.into_bytes()))
    }

    async fn read(&mut self) -> Result<Option<Vec<Vec<Cell>>>> {
        let (app, actor) = (&self.app, &self.actor);
        match &mut self.rows {
            Rows::Rates(rates) => rates.read(app).await,
            Rows::Shops(shops) => shops.read(app, actor).await,
            Rows::Ledger(ledger) => ledger.read(app, actor).await,
            Rows::PriceList(list) => list.read(app).await,
            Rows::Table(rows) => Ok((!rows.is_empty()).then(|| std::mem::take(rows))),
            Rows::Document(_) => Ok(None),
        }
    }

    /// Number of rows written so far, without the header.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The media type of the file.
    pub fn media_type(&self) -> &'static str {
        self.format.media_type()
    }
}
