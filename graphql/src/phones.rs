//! Phones: SIP accounts of callshops.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::phone;

use super::cabins::Cabin;
use super::paging::{Page, Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{BACK_OFFICE, MANAGERS, Rule, SIGNED_IN};
use super::scalars::Kind;
use super::{actor, app, caller};
use app::auth::Right;
use app::phones::{self, NewPhone, PhoneView};
use base::error::{Error, Result};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.phone", SIGNED_IN),
    ("Query.phones", SIGNED_IN),
    ("Mutation.createPhones", MANAGERS),
    ("Mutation.rotatePhoneSecret", MANAGERS),
    ("Mutation.blockPhone", MANAGERS),
    ("Mutation.unblockPhone", MANAGERS),
    ("Mutation.assignPhone", MANAGERS),
    ("Phone.sipUser", BACK_OFFICE),
    ("Phone.realm", BACK_OFFICE),
    ("Phone.contact", BACK_OFFICE),
    ("Phone.source", BACK_OFFICE),
    ("Phone.userAgent", BACK_OFFICE),
];

/// A SIP account of a callshop.
pub struct Phone(pub PhoneView);

impl Phone {
    /// What of the phone the people behind the counter do not see.
    fn detail(&self, ctx: &Context<'_>) -> async_graphql::Result<&phone::Model> {
        actor(ctx)?.require(Right::SeeAccounts).map_err(top_level)?;
        Ok(&self.0.phone)
    }
}

#[Object]
impl Phone {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        Kind::Phone.id(self.0.phone.id)
    }

    /// For people.
    async fn label(&self) -> &str {
        &self.0.phone.label
    }

    /// Registered at the proxy, as far as that has said.
    async fn online(&self) -> bool {
        self.0.phone.online
    }

    /// Since when it is online or offline; null when it was never online.
    async fn online_changed_at(&self) -> Option<DateTime<Utc>> {
        self.0.phone.online_changed_at
    }

    /// Since when it may call emergency numbers alone; null when it may call all.
    async fn blocked_at(&self) -> Option<DateTime<Utc>> {
        self.0.phone.blocked_at
    }

    /// The cabin it is in; null when it is in none.
    async fn cabin(&self) -> Option<Cabin> {
        self.0.cabin.clone().map(Cabin)
    }

    /// SIP user name, generated.
    async fn sip_user(&self, ctx: &Context<'_>) -> async_graphql::Result<&str> {
        Ok(&self.detail(ctx)?.sip_user)
    }

    /// Digest realm that its secret is for.
    async fn realm(&self, ctx: &Context<'_>) -> async_graphql::Result<&str> {
        Ok(&self.detail(ctx)?.realm)
    }

    /// SIP contact it registered last.
    async fn contact(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self.detail(ctx)?.contact.as_deref())
    }

    /// Address it registered from last.
    async fn source(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self.detail(ctx)?.source.as_deref())
    }

    /// What it calls itself.
    async fn user_agent(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self.detail(ctx)?.user_agent.as_deref())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.phone.created_at
    }
}

/// A phone with the secret that is shown only now.
#[derive(SimpleObject)]
pub struct PhoneSecret {
    /// The phone.
    pub phone: Phone,
    /// Its SIP password. Nobody can read it again: put it into the phone now.
    pub secret: String,
}

impl From<NewPhone> for PhoneSecret {
    fn from(new: NewPhone) -> Self {
        Self { phone: Phone(PhoneView { phone: new.phone, cabin: None }), secret: new.secret }
    }
}

/// New phones of a callshop.
#[derive(InputObject)]
pub struct CreatePhonesInput {
    /// Which callshop.
    pub callshop_id: ID,
    /// How many, 1 to 100.
    pub count: i32,
    /// What their labels begin with; a number is added.
    #[graphql(default_with = "\"Phone\".to_owned()")]
    pub label: String,
}

/// Which phone.
#[derive(InputObject)]
pub struct PhoneIdInput {
    /// A phone of the caller's branch.
    pub phone_id: ID,
}

/// Which phone goes into which cabin.
#[derive(InputObject)]
pub struct AssignPhoneInput {
    /// A phone of the caller's branch.
    pub phone_id: ID,
    /// A cabin of the same callshop; null takes the phone out of the one it is in.
    pub cabin_id: Option<ID>,
}

payload!(
    /// What `createPhones` answers.
    CreatePhonesPayload {
        /// The new phones, each with its secret.
        phones: Vec<PhoneSecret>,
    }
);

payload!(
    /// What `rotatePhoneSecret` answers.
    RotatePhoneSecretPayload {
        /// The phone as it is now.
        phone: Phone,
        /// Its new SIP password. Nobody can read it again: put it into the phone now.
        secret: String,
    }
);

payload!(
    /// What other mutations of phones answer.
    PhonePayload {
        /// The phone as it is now.
        phone: Phone,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct PhoneQuery;

#[Object]
impl PhoneQuery {
    /// A phone of the caller's branch.
    async fn phone(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Phone>> {
        let found = async { phones::find(app(ctx), caller(ctx)?, Kind::Phone.parse(&id)?).await };
        nullable(found.await.map(Phone))
    }

    /// Phones of a callshop, oldest first.
    async fn phones(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Phone>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let read = |page| phones::list(app, actor, shop, page);
        let id = |view: &PhoneView| view.phone.id;
        connection(Paging { first, after, last, before }, false, read, id, Phone).await
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct PhoneMutation;

#[Object]
impl PhoneMutation {
    /// Makes phones for a callshop. Their secrets are shown once, here.
    async fn create_phones(
        &self,
        ctx: &Context<'_>,
        input: CreatePhonesInput,
    ) -> async_graphql::Result<CreatePhonesPayload> {
        let made = async {
            let count = u32::try_from(input.count).map_err(|_| Error::invalid("count", "1 to 100"))?;
            let shop = Kind::Callshop.parse(&input.callshop_id)?;
            let made = phones::create(app(ctx), caller(ctx)?, shop, count, &input.label).await?;
            let phones = made.into_iter().map(PhoneSecret::from).collect();
            Ok(CreatePhonesPayload { phones: Some(phones), user_errors: Vec::new() })
        };
        answer(made.await)
    }

    /// Gives a phone a new secret, shown once; the old one stops working.
    async fn rotate_phone_secret(
        &self,
        ctx: &Context<'_>,
        input: PhoneIdInput,
    ) -> async_graphql::Result<RotatePhoneSecretPayload> {
        let rotated = async {
            let new =
                phones::rotate_secret(app(ctx), caller(ctx)?, Kind::Phone.parse(&input.phone_id)?).await?;
            let view = phones::view(app(ctx), new.phone).await?;
            Ok(RotatePhoneSecretPayload {
                phone: Some(Phone(view)),
                secret: Some(new.secret),
                user_errors: Vec::new(),
            })
        };
        answer(rotated.await)
    }

    /// Blocks a phone: it may call emergency numbers alone, for which it stays registered. A call that is up goes on.
    async fn block_phone(
        &self,
        ctx: &Context<'_>,
        input: PhoneIdInput,
    ) -> async_graphql::Result<PhonePayload> {
        answer(set_blocked(ctx, &input.phone_id, true).await)
    }

    /// Lets a blocked phone call again.
    async fn unblock_phone(
        &self,
        ctx: &Context<'_>,
        input: PhoneIdInput,
    ) -> async_graphql::Result<PhonePayload> {
        answer(set_blocked(ctx, &input.phone_id, false).await)
    }

    /// Puts a phone into a cabin, or takes it out. Not during a call.
    async fn assign_phone(
        &self,
        ctx: &Context<'_>,
        input: AssignPhoneInput,
    ) -> async_graphql::Result<PhonePayload> {
        let assigned = async {
            let cabin = input.cabin_id.as_ref().map(|id| Kind::Cabin.parse(id)).transpose()?;
            let phone = Kind::Phone.parse(&input.phone_id)?;
            let phone = phones::assign(app(ctx), caller(ctx)?, phone, cabin).await?;
            done(ctx, phone).await
        };
        answer(assigned.await)
    }
}

async fn set_blocked(ctx: &Context<'_>, id: &ID, blocked: bool) -> Result<PhonePayload> {
    let phone = phones::set_blocked(app(ctx), caller(ctx)?, Kind::Phone.parse(id)?, blocked).await?;
    done(ctx, phone).await
}

async fn done(ctx: &Context<'_>, phone: phone::Model) -> Result<PhonePayload> {
    let view = phones::view(app(ctx), phone).await?;
    Ok(PhonePayload { phone: Some(Phone(view)), user_errors: Vec::new() })
}
