//! An application without a server. Documents run against the schema for all roles, not against the schema of one role. If a document is refused, it
//! is refused by the use case, not by a role's schema.

use std::sync::{Arc, LazyLock};

use api::config::Config;
use app::auth::Actor;
use app::auth::login::{self, Origin};
use app::{App, accounts, users};
use async_graphql::{Request, Variables};
use base::clock::Clock;
use entity::{AccountKind, Role, account};
use graphql::{Schema, loaders};
use serde_json::{Value, json};

use crate::server::{Backend, node};
use crate::shop::PASSWORD;

/// An application on its own database, with a branch of the account tree that has no tariffs, cabins or phones.
pub struct InProcess {
    /// The application.
    pub app: Arc<App>,
    /// The platform.
    pub admin: Actor,
    /// The distributor's account.
    pub distributor: account::Model,
    /// The reseller's account.
    pub reseller: account::Model,
    /// The reseller's user.
    pub reseller_user: Actor,
    /// The callshop's account.
    pub callshop: account::Model,
    /// The callshop's owner.
    pub owner: Actor,
    /// The callshop's attendant, called Ana.
    pub attendant: Actor,
    schema: Schema,
    _dir: tempfile::TempDir,
}

impl InProcess {
    /// Creates the application and the branch.
    pub async fn start(backend: Backend, clock: Clock) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database_url = backend.new_database(&dir).await;
        let config = Config { database_url, database_connections: 4, ..Config::default() };
        let app = node(config, clock).await.app;
        let platform = accounts::ensure_platform(&app).await.expect("a platform");
        let admin = Actor::operator(&platform);
        let (distributor, distributor_user) = child(&app, &admin, AccountKind::Distributor).await;
        let (reseller, reseller_user) = child(&app, &distributor_user, AccountKind::Reseller).await;
        let (callshop, owner) = child(&app, &reseller_user, AccountKind::Callshop).await;
        let ana = user("ana", Role::Attendant);
        users::create(&app, &owner, callshop.id, ana).await.expect("an attendant");
        let attendant = log_in(&app, "ana", &callshop.code).await;
        let schema = graphql::schema(app.clone());
        Self {
            app,
            admin,
            distributor,
            reseller,
            reseller_user,
            callshop,
            owner,
            attendant,
            schema,
            _dir: dir,
        }
    }

    /// The callshop's global id.
    pub fn id(&self) -> String {
        graphql::scalars::Kind::Callshop.id(self.callshop.id).to_string()
    }

    /// The owner of another callshop of the reseller.
    pub async fn stranger(&self) -> Actor {
        child(&self.app, &self.reseller_user, AccountKind::Callshop).await.1
    }

    /// The complete response, `data` and `errors`.
    pub async fn send(&self, actor: &Actor, document: &str, variables: Value) -> Value {
        let request = Request::new(document)
            .variables(Variables::from_json(variables))
            .data(actor.clone())
            .data(loaders::loaders(self.app.clone()));
        serde_json::to_value(self.schema.execute(request).await).expect("a response in JSON")
    }

    /// The `data` of a response. Panics if the response has `errors`.
    pub async fn ok(&self, actor: &Actor, document: &str, variables: Value) -> Value {
        let mut answer = self.send(actor, document, variables).await;
        assert!(answer.get("errors").is_none(), "{document}: {answer}");
        answer["data"].take()
    }

    /// The payload of a mutation. Panics if the mutation has user errors or top-level errors.
    pub async fn did(&self, actor: &Actor, mutation: &str, input: Value, fields: &str) -> Value {
        let payload = self.tried(actor, mutation, input, fields).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload
    }

    /// The payload of a mutation, even if the payload has user errors.
    pub async fn tried(&self, actor: &Actor, mutation: &str, input: Value, fields: &str) -> Value {
        let (document, variables) = (document(mutation, fields), json!({ "input": input }));
        self.ok(actor, &document, variables).await[mutation].take()
    }

    /// The code of a mutation's first user error, or `none`.
    pub async fn code(&self, actor: &Actor, mutation: &str, input: Value) -> String {
        let payload = self.tried(actor, mutation, input, "").await;
        payload["userErrors"][0]["code"].as_str().unwrap_or("none").to_owned()
    }

    /// The code of the first top-level error of a mutation.
    pub async fn error(&self, actor: &Actor, mutation: &str, input: Value) -> String {
        self.error_of(actor, &document(mutation, ""), json!({ "input": input })).await
    }

    /// The code of a response's first top-level error. Panics without one.
    pub async fn error_of(&self, actor: &Actor, document: &str, variables: Value) -> String {
        let answer = self.send(actor, document, variables).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("{document} has no error: {answer}")).to_owned()
    }
}

/// A document that runs a mutation with the variable `$input`.
fn document(mutation: &str, fields: &str) -> String {
    let input = input_type(mutation);
    format!(
        "mutation($input: {input}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}"
    )
}

/// The type of a mutation's input.
fn input_type(mutation: &str) -> &'static str {
    static SDL: LazyLock<String> = LazyLock::new(graphql::sdl);
    let field = format!("\t{mutation}(input: ");
    let (_, rest) = SDL.split_once(&field).unwrap_or_else(|| panic!("{mutation} is a mutation"));
    rest.split_once('!').expect("the input is required").0
}

/// Creates an account below the actor's own account, with a user called Boss. Returns the account and its user.
async fn child(app: &App, parent: &Actor, kind: AccountKind) -> (account::Model, Actor) {
    let role = match kind {
        AccountKind::Distributor => Role::Distributor,
        AccountKind::Reseller => Role::Reseller,
        _ => Role::CallshopOwner,
    };
    let new = accounts::NewAccount {
        parent_id: None,
        kind,
        name: kind.as_str().to_owned(),
        currency: Some("BRL".to_owned()),
        time_zone: Some("America/Sao_Paulo".to_owned()),
        country: Some("BR".to_owned()),
        locale: None,
        user: Some(user("boss", role)),
    };
    let account = accounts::create(app, parent, new).await.expect("an account").account;
    let actor = log_in(app, "boss", &account.code).await;
    (account, actor)
}

fn user(name: &str, role: Role) -> users::NewUser {
    users::NewUser {
        name: name.to_owned(),
        display_name: name.to_owned(),
        role,
        password: PASSWORD.to_owned(),
    }
}

async fn log_in(app: &App, name: &str, code: &str) -> Actor {
    let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: "test".to_owned() };
    let login = login::login(app, &format!("{name}@{code}"), PASSWORD.to_owned(), &origin).await;
    login.expect("a login").actor
}
