//! `callshop token`.

use std::sync::Arc;

use chrono::TimeDelta;
use clap::Subcommand;
use uuid::Uuid;

use super::admin::parse_scopes;
use super::{ConfigArgs, Failure, not_found, operator, out};
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
        /// Name of the token, by which people can tell its purpose.
        #[arg(long)]
        name: String,
        /// Scopes of the token, such as tariffs:read. Repeat the option for several scopes, or separate the scopes with commas.
        #[arg(long = "scope", value_name = "NOUN:VERB", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days until the token expires.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=api_tokens::MAX_DAYS))]
        days: i64,
        /// Code of the account or callshop whose subtree the token may use, or its global id as the API returns it. If omitted, the user's account.
        #[arg(long, value_name = "CODE|ID")]
        account: Option<String>,
    },
    /// Print the API tokens of an account, newest first: id, beginning of the secret, state, expiry, last use, scopes and name.
    List {
        #[command(flatten)]
        config: ConfigArgs,
        /// Code of the account or callshop, or its global id as the API returns it. If omitted, the platform. The platform's list does not include
        /// the tokens of other accounts.
        #[arg(long, value_name = "CODE|ID")]
        account: Option<String>,
    },
    /// Revoke an API token. Running servers refuse the token within a second.
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
            let (app, operator) = operator(&config).await?;
            let account_id = match &account {
                Some(name) => {
                    let found = account_id(&app, &operator, name).await;
                    Some(found.map_err(|error| not_found(error, &format!("account {name:?}"), &config))?)
                }
                None => None,
            };
            let expires_at = app.clock.now() + TimeDelta::days(days);
            let new = NewToken { name, scopes, expires_at, account_id };
            let made = api_tokens::create_as(&app, &operator, &login, new).await;
            let made = made.map_err(|error| refused(error, &login))?;
            eprintln!("token {}, valid until {expires_at}", Kind::ApiToken.id(made.token.id).as_str());
            out(&format!("{}\n", made.secret.unwrap_or_default()))
        }
        TokenCommand::List { config, account } => {
            let what = format!("account {:?}", account.as_deref().unwrap_or_default());
            print(&config, account.as_deref()).await.map_err(|error| not_found(error, &what, &config))
        }
        TokenCommand::Revoke { config, id } => {
            let revoked = revoke(&config, &id).await;
            revoked.map_err(|error| not_found(error, &format!("API token {id:?}"), &config))
        }
    }
}

async fn revoke(config: &ConfigArgs, id: &str) -> Result<(), Failure> {
    let (app, operator) = operator(config).await?;
    let token = api_tokens::revoke(&app, &operator, Kind::ApiToken.parse(&id.into())?).await?;
    out(&format!("{} is revoked\n", token.name))
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

/// The id of the account or callshop with this code or global id.
async fn account_id(app: &Arc<App>, operator: &Actor, name: &str) -> Result<Uuid, Failure> {
    let global = super::account_id(app, operator, name).await?;
    match parse_any(&global.as_str().into()) {
        Some((Kind::Account | Kind::Callshop, id)) => Ok(id),
        _ => Err(format!("{name:?} is not the id of an account or callshop: take it from the API").into()),
    }
}

async fn print(config: &ConfigArgs, account: Option<&str>) -> Result<(), Failure> {
    let (app, operator) = operator(config).await?;
    let id = match account {
        Some(name) => account_id(&app, &operator, name).await?,
        None => operator.account_id,
    };
    if list(&app, &operator, id).await? == 0 {
        let whose = account.map_or("the platform".to_owned(), |name| format!("the account {name:?}"));
        eprintln!("{whose} has no tokens; --account lists those of another account or callshop");
    }
    Ok(())
}

/// Prints the tokens of an account, and returns their number.
async fn list(app: &App, operator: &Actor, account_id: Uuid) -> Result<usize, Failure> {
    let mut count = 0;
    let mut page = Page { above: None, below: None, limit: PAGE, descending: true, counted: false };
    loop {
        let rows = api_tokens::list(app, operator, account_id, page).await?.rows;
        count += rows.len();
        for row in &rows {
            out(&line(app, row))?;
        }
        page.below = rows.last().map(|row| row.id);
        if page.below.is_none() {
            return Ok(count);
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
