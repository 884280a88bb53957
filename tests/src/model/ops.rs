//! Defines the operations in a branch of the account tree, and draws random cases from these operations. An index refers to the list at the time of
//! the operation, modulo the list's length. Therefore, a sequence of operations stays valid when shrinking removes operations.

use proptest::collection::vec;
use proptest::prelude::*;

/// Accounts of a branch: the root, its distributor, a reseller, a sub-reseller, a callshop of the sub-reseller, a callshop of the reseller.
pub const ACCOUNTS: usize = 6;
/// The parent of each account. The root is its own parent.
pub const PARENTS: [usize; ACCOUNTS] = [0, 0, 1, 2, 3, 2];
/// The callshops among the accounts.
pub const SHOPS: [usize; 2] = [4, 5];
/// The shop (0 or 1) of each cabin.
pub const CABINS: [usize; 5] = [0, 0, 0, 1, 1];
/// Dialed numbers: two numbers for which every tariff has rates, a number for which some tariffs have no rate, and an emergency number.
pub const NUMBERS: [&str; 4] = ["+13055550123", "+351211234567", "+4930123456", "190"];
/// The prefixes of the first three numbers.
pub const PREFIXES: [&str; 3] = ["1", "351", "49"];

/// A branch and its operations.
#[derive(Clone, Debug)]
pub struct Case {
    /// The cost tariffs of accounts 1 to 5, and then the retail tariff of each shop, if it differs from the shop's cost tariff.
    pub tariffs: [Option<usize>; 7],
    /// Credit limits of accounts 1 to 5.
    pub limits: [Option<i64>; 5],
    /// Operations, in order.
    pub ops: Vec<Op>,
}

/// An operation. Amounts are micros. `twice` repeats the request with the same idempotency key.
#[derive(Clone, Debug)]
pub enum Op {
    /// A parent gives its child credit.
    TopUp { account: usize, amount: i64, twice: bool },
    /// A parent corrects its child's credit.
    Adjust { account: usize, amount: i64, twice: bool },
    /// A parent takes back all remaining credit.
    TakeAll { account: usize },
    /// A parent reverses one of its corrections.
    Reverse { nth: usize },
    /// A parent sets its child's credit limit.
    SetLimit { account: usize, limit: Option<i64> },
    /// An attendant opens the register.
    OpenRegister { shop: usize, float: i64, twice: bool },
    /// An attendant closes the register. `missing` is the counted amount minus the expected amount, for each method; if `carry_over` is true, unpaid
    /// sessions are accepted.
    CloseRegister { shop: usize, missing: [i64; 4], carry_over: bool, twice: bool },
    /// Cash is added to the drawer, or withdrawn if the amount is negative.
    MoveCash { shop: usize, amount: i64, twice: bool },
    /// A cabin is opened for a customer.
    OpenCabin { cabin: usize, terms: Terms, twice: bool },
    /// The customer adds to the deposit.
    AddDeposit { session: usize, method: usize, amount: i64, twice: bool },
    /// The customer buys an item.
    AddItem { session: usize, price: i64, quantity: i32, twice: bool },
    /// The customer gets a discount.
    Discount { session: usize, amount: i64, owner: bool, twice: bool },
    /// A line is removed from the bill.
    RemoveItem { session: usize, line: usize, owner: bool },
    /// The customer moves to another cabin.
    Move { session: usize, cabin: usize },
    /// The cabin is closed.
    CloseCabin { cabin: usize, mode: usize },
    /// The customer pays.
    Settle { session: usize, how: Paying, twice: bool },
    /// The customer gets a refund.
    Refund { session: usize, method: usize, amount: i64, owner: bool, twice: bool },
    /// The session was opened by mistake and is voided.
    Void { session: usize, twice: bool },
    /// Call attempts and events from the proxy, all in one transaction.
    Calls(Vec<CallOp>),
    /// The next extension of a call is due.
    Extend { call: usize },
}

/// Terms of a session.
#[derive(Clone, Debug)]
pub enum Terms {
    /// The customer pays after the calls, with optional limits.
    Postpaid { spending: Option<i64>, seconds: Option<i32> },
    /// Paid in advance.
    Prepaid { method: usize, deposit: i64, seconds: Option<i32> },
}

/// How a customer pays.
#[derive(Clone, Copy, Debug)]
pub enum Paying {
    /// The customer pays the exact amount in cash.
    Cash,
    /// The customer pays more than the amount due, in cash.
    CashAndChange(i64),
    /// The customer pays the amount due by another method.
    Other(usize),
    /// The customer pays this percentage of the amount due by card, and the rest in cash.
    Split(i64),
    /// The customer pays a cent less than the amount due.
    TooLittle,
    /// The customer pays a cent more than the amount due, by card.
    TooMuch,
}

/// A call attempt or an event from the proxy.
#[derive(Clone, Debug)]
pub enum CallOp {
    /// The proxy asks whether the phone in this cabin may call this number. `given_up` means that the proxy no longer waits for the response.
    Ask { cabin: usize, number: usize, given_up: bool },
    /// Sends the same call attempt again.
    AskAgain { call: usize },
    /// Reports an event of a call.
    Tell { call: usize, what: What },
    /// Sends an event again.
    TellAgain { nth: usize },
}

/// An event of a call. Times are milliseconds.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The phone rings.
    Ringing,
    /// The call was answered `ago` milliseconds before the event is sent.
    Answered { ago: i64 },
    /// The call ended after `talk` milliseconds, or before its answer if `talk` is negative. `known` means that the event contains the time of the
    /// answer; `acked` means that the answer was acknowledged.
    Ended { talk: i64, known: bool, acked: bool },
    /// The call was not answered.
    Failed,
    /// The proxy abandoned the call.
    Abandoned,
    /// The proxy lost the call after at least `talk` milliseconds of talk.
    Lost { talk: i64 },
}

/// Generates cases of up to `longest` operations.
pub fn cases(longest: usize) -> impl Strategy<Value = Case> {
    let tariff = || prop_oneof![1 => Just(Some(0)), 6 => (1..6_usize).prop_map(Some)];
    let retail = || prop_oneof![2 => Just(None), 3 => (0..6_usize).prop_map(Some)];
    let limit = || {
        prop_oneof![
            2 => Just(None),
            3 => (0..150_i64).prop_map(|cents| Some(cents * 10_000)),
            2 => (0..300_000_i64).prop_map(Some),
        ]
    };
    let tariffs = (tariff(), tariff(), tariff(), tariff(), tariff(), retail(), retail());
    let limits = (limit(), limit(), limit(), limit(), limit());
    // some customers arrive as soon as the register opens
    let first = vec((0..CABINS.len(), terms()), 0..=CABINS.len());
    let ops = vec(prop_oneof![24 => op().prop_map(|op| vec![op]), 1 => lost_and_found()], 1..=longest);
    (tariffs, limits, first, ops).prop_map(|(tariffs, limits, first, ops)| {
        let open = |(cabin, terms)| Op::OpenCabin { cabin, terms, twice: false };
        let ops = first.into_iter().map(open).chain(ops.concat()).collect();
        Case { tariffs: tariffs.into(), limits: limits.into(), ops }
    })
}

fn cents(most: i64) -> impl Strategy<Value = i64> {
    (1..=most).prop_map(|cents| cents * 10_000)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        56 => talking(),
        18 => counter(),
        10 => paying(),
        6 => register(),
        10 => credit(),
    ]
}

/// A proxy loses a call; before the true end of the call arrives, an account loses all its credit.
fn lost_and_found() -> impl Strategy<Value = Vec<Op>> {
    let tell = |what| Op::Calls(vec![CallOp::Tell { call: 0, what }]);
    (0..5_usize, 0..2_usize, 2..ACCOUNTS, 0..20_000_i64, 1..200_000_i64).prop_map(
        move |(cabin, number, account, seen, talk)| {
            vec![
                Op::Calls(vec![CallOp::Ask { cabin, number, given_up: false }]),
                tell(What::Answered { ago: 0 }),
                tell(What::Lost { talk: seen }),
                Op::TakeAll { account },
                tell(What::Ended { talk, known: true, acked: true }),
            ]
        },
    )
}

fn talking() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => vec(call_op(), 1..=1).prop_map(Op::Calls),
        3 => vec(call_op(), 2..=5).prop_map(Op::Calls),
        3 => (0..4_usize).prop_map(|call| Op::Extend { call }),
    ]
}

fn call_op() -> impl Strategy<Value = CallOp> {
    let ask = (0..6_usize, prop_oneof![8 => Just(0), 6 => Just(1), 1 => Just(2), 1 => Just(3)], 0..30_u8)
        .prop_map(|(cabin, number, given_up)| CallOp::Ask { cabin, number, given_up: given_up == 0 });
    let tell = (0..4_usize, what()).prop_map(|(call, what)| CallOp::Tell { call, what });
    prop_oneof![
        8 => ask,
        12 => tell,
        1 => (0..6_usize).prop_map(|call| CallOp::AskAgain { call }),
        2 => (0..6_usize).prop_map(|nth| CallOp::TellAgain { nth }),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let talk = || prop_oneof![1 => Just(0), 3 => 1..5_000_i64, 6 => 1..90_000_i64, 2 => 1..900_000_i64];
    prop_oneof![
        2 => Just(What::Ringing),
        8 => (0..3_000_i64).prop_map(|ago| What::Answered { ago }),
        9 => (prop_oneof![12 => talk(), 1 => -5_000..0_i64], any::<bool>(), 0..10_u8)
            .prop_map(|(talk, known, acked)| What::Ended { talk, known, acked: acked > 0 }),
        1 => Just(What::Failed),
        1 => Just(What::Abandoned),
        3 => talk().prop_map(|talk| What::Lost { talk }),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let seconds = || prop_oneof![4 => Just(None), 1 => (1..180_i32).prop_map(Some)];
    prop_oneof![
        3 => (prop_oneof![2 => Just(None), 1 => cents(60).prop_map(Some)], seconds())
            .prop_map(|(spending, seconds)| Terms::Postpaid { spending, seconds }),
        3 => (0..4_usize, cents(60), seconds())
            .prop_map(|(method, deposit, seconds)| Terms::Prepaid { method, deposit, seconds }),
    ]
}

fn counter() -> impl Strategy<Value = Op> {
    prop_oneof![
        9 => (0..6_usize, terms(), twice()).prop_map(|(cabin, terms, twice)| Op::OpenCabin { cabin, terms, twice }),
        5 => (0..6_usize, 0..3_usize).prop_map(|(cabin, mode)| Op::CloseCabin { cabin, mode }),
        2 => (0..4_usize, 0..4_usize, cents(50), twice())
            .prop_map(|(session, method, amount, twice)| Op::AddDeposit { session, method, amount, twice }),
        3 => (0..4_usize, prop_oneof![cents(300), Just(0)], 1..4_i32, twice())
            .prop_map(|(session, price, quantity, twice)| Op::AddItem { session, price, quantity, twice }),
        3 => (0..4_usize, cents(150), any::<bool>(), twice())
            .prop_map(|(session, amount, owner, twice)| Op::Discount { session, amount, owner, twice }),
        1 => (0..4_usize, 0..3_usize, any::<bool>())
            .prop_map(|(session, line, owner)| Op::RemoveItem { session, line, owner }),
        1 => (0..4_usize, 0..5_usize).prop_map(|(session, cabin)| Op::Move { session, cabin }),
        1 => (0..4_usize, twice()).prop_map(|(session, twice)| Op::Void { session, twice }),
    ]
}

fn paying() -> impl Strategy<Value = Op> {
    let how = prop_oneof![
        4 => Just(Paying::Cash),
        2 => cents(500).prop_map(Paying::CashAndChange),
        2 => (1..4_usize).prop_map(Paying::Other),
        2 => (0..=100_i64).prop_map(Paying::Split),
        1 => Just(Paying::TooLittle),
        1 => Just(Paying::TooMuch),
    ];
    prop_oneof![
        5 => (0..4_usize, how, twice()).prop_map(|(session, how, twice)| Op::Settle { session, how, twice }),
        2 => (0..4_usize, 0..4_usize, cents(120), any::<bool>(), twice())
            .prop_map(|(session, method, amount, owner, twice)| Op::Refund { session, method, amount, owner, twice }),
    ]
}

fn register() -> impl Strategy<Value = Op> {
    let missing = || prop_oneof![4 => Just(0), 1 => (-200..200_i64).prop_map(|cents| cents * 10_000)];
    let missing = (missing(), missing(), missing(), missing()).prop_map(<[i64; 4]>::from);
    prop_oneof![
        2 => (0..2_usize, 0..100_i64, twice())
            .prop_map(|(shop, cents, twice)| Op::OpenRegister { shop, float: cents * 100_000, twice }),
        2 => (0..2_usize, missing, 0..4_u8, twice()).prop_map(|(shop, missing, named, twice)| {
            Op::CloseRegister { shop, missing, carry_over: named > 0, twice }
        }),
        2 => (0..2_usize, -600..1_000_i64, twice())
            .prop_map(|(shop, cents, twice)| Op::MoveCash { shop, amount: cents * 10_000, twice }),
    ]
}

fn credit() -> impl Strategy<Value = Op> {
    let account = || 1..ACCOUNTS;
    let limit = prop_oneof![1 => Just(None), 3 => (0..100_i64).prop_map(|cents| Some(cents * 10_000))];
    prop_oneof![
        3 => (account(), 1..600_000_i64, twice())
            .prop_map(|(account, amount, twice)| Op::TopUp { account, amount, twice }),
        3 => (account(), -600_000..600_000_i64, twice())
            .prop_map(|(account, amount, twice)| Op::Adjust { account, amount, twice }),
        1 => account().prop_map(|account| Op::TakeAll { account }),
        2 => (0..4_usize).prop_map(|nth| Op::Reverse { nth }),
        3 => (account(), limit).prop_map(|(account, limit)| Op::SetLimit { account, limit }),
    ]
}

/// Whether to repeat the request with the same idempotency key.
fn twice() -> impl Strategy<Value = bool> {
    (0..8_u8).prop_map(|eighth| eighth == 0)
}
