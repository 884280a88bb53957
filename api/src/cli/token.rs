//! `callshop token`.

use chrono::TimeDelta;
use clap::Subcommand;
use uuid::Uuid;

use super::admin::parse_scopes;
use super::{ConfigArgs, Failure, operator, out};
use app::App;
use app::api_tokens::{self, NewToken};
use app::auth::Actor;
use base::error::Error;
use entity::api_token;
use graphql::scalars::{Kind, parse_any};
use store::Page;

/// Number of tokens that one query of `list` reads.
const PAGE: u64 = 100;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create an API token for a program, with some of a user's rights. Prints the secret, which is not stored.
    Create {
        #[command(flatten)]
        config: ConfigArgs,
        /// Login of the user for whom the program acts. The token can never do more than this user.
        #[arg(long, value_name = "NAME@CODE")]
        login: String,
        /// Name of the token, which says what the token is for.
        #[arg(long)]
        name: String,
        /// Scopes of the token, such as tariffs:read. Repeat the option for several scopes, or separate the scopes with commas.
        #[arg(long = "scope", value_name = "NOUN:VERB", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days until the token expires.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=api_tokens::MAX_DAYS))]
        days: i64,
        /// Global id of the account or callshop whose subtree the token may use, as the API returns it. If omitted, the user's account.
        #[arg(long, value_name = "ID")]
        account: Option<String>,
    },
    /// Print the API tokens of an account, newest first: id, beginning of the secret, state, expiry, last use, scopes and name.
    List {
        #[command(flatten)]
        config: ConfigArgs,
        /// Global id of the account or callshop, as the API returns it. If omitted, the platform.
        #[arg(long, value_name = "ID")]
        account: Option<String>,
    },
    /// Revoke an API token. Running servers refuse it within a second.
    Revoke {
        #[command(flatten)]
        config: ConfigArgs,
        /// Global id of the token, as `list` prints it.
        id: String,
    },
}

pub(super) async fn token(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create { config, login, name, scopes, days, account } => {
            let scopes = parse_scopes(&scopes)?;
            let account_id = account.map(account_id).transpose()?;
            let (app, operator) = operator(&config).await?;
            let expires_at = app.clock.now() + TimeDelta::days(days);
            let new = NewToken { name, scopes, expires_at, account_id };
            let made = api_tokens::create_as(&app, &operator, &login, new).await;
            let made = made.map_err(|error| refused(error, &login))?;
            eprintln!("token {}, valid until {expires_at}", Kind::ApiToken.id(made.token.id).as_str());
            out(&format!("{}\n", made.secret.unwrap_or_default()))
        }
        TokenCommand::List { config, account } => {
            let account_id = account.map(account_id).transpose()?;
            let (app, operator) = operator(&config).await?;
            list(&app, &operator, account_id.unwrap_or(operator.account_id)).await
        }
        TokenCommand::Revoke { config, id } => {
            let id = Kind::ApiToken.parse(&id.into())?;
            let (app, operator) = operator(&config).await?;
            let token = api_tokens::revoke(&app, &operator, id).await?;
            out(&format!("{} is revoked\n", token.name))
        }
    }
}

/// The message for a token that could not be created. The message names the next step.
fn refused(error: Error, login: &str) -> Failure {
    match error {
        Error::NotFound => format!(
            "the database has no active user {login:?}, or the account of --account is not in the user's subtree: check both, or \
             choose another database with --database or --config"
        )
        .into(),
        Error::Forbidden => format!(
            "the role of {login:?} may not create API tokens, or the token would have scopes that the role lacks: choose an owner, \
             a reseller, a distributor or an administrator"
        )
        .into(),
        error => error.into(),
    }
}

fn account_id(global: String) -> Result<Uuid, Failure> {
    match parse_any(&global.as_str().into()) {
        Some((Kind::Account | Kind::Callshop, id)) => Ok(id),
        _ => Err(format!("{global:?} is not the id of an account or callshop: take it from the API").into()),
    }
}

async fn list(app: &App, operator: &Actor, account_id: Uuid) -> Result<(), Failure> {
    let mut page = Page { above: None, below: None, limit: PAGE, descending: true, counted: false };
    loop {
        let rows = api_tokens::list(app, operator, account_id, page).await?.rows;
        for row in &rows {
            out(&line(app, row))?;
        }
        page.below = rows.last().map(|row| row.id);
        if page.below.is_none() {
            return Ok(());
        }
    }
}

fn line(app: &App, row: &api_token::Model) -> String {
    let state = match row {
        row if row.revoked_at.is_some() => "revoked",
        row if row.maker_disabled_at.is_some() => "disabled",
        row if row.expires_at <= app.clock.now() => "expired",
        _ => "valid",
    };
    let used = row.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
    let scopes: Vec<String> = api_tokens::scopes_of(row).into_iter().map(api_tokens::spelling).collect();
    let (id, expires, scopes) = (Kind::ApiToken.id(row.id), row.expires_at.to_rfc3339(), scopes.join(","));
    format!("{}\t{}\t{state}\t{expires}\t{used}\t{scopes}\t{}\n", id.as_str(), row.prefix, row.name)
}
