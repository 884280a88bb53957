//! Sentences about exports and account statements.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "The API token lacks the scope {scope}. Use a token that has this scope.",
        "O token de API não tem o escopo {scope}. Use um token que tenha este escopo.",
        "El token de API no tiene el alcance {scope}. Use un token que tenga este alcance.",
    ),
    (
        "Only statements are available as PDF. Choose CSV or JSONL.",
        "Só extratos existem em PDF. Escolha CSV ou JSONL.",
        "Solo los estados de cuenta existen en PDF. Elija CSV o JSONL.",
    ),
    (
        "Use a day such as 2026-11-30, a month such as 2026-11, or a time with an offset such as 2026-11-30T12:00:00Z.",
        "Use um dia como 2026-11-30, um mês como 2026-11, ou um horário com fuso como 2026-11-30T12:00:00Z.",
        "Use un día como 2026-11-30, un mes como 2026-11, o una hora con desfase como 2026-11-30T12:00:00Z.",
    ),
    (
        "The platform has no parent, so it has no statement. Choose an account below it.",
        "A plataforma não tem conta acima dela, então não tem extrato. Escolha uma conta abaixo dela.",
        "La plataforma no tiene cuenta superior, así que no tiene estado de cuenta. Elija una cuenta debajo de ella.",
    ),
    (
        "The account has more than {max} ledger entries since the beginning of the period. Choose a later beginning.",
        "A conta tem mais de {max} lançamentos desde o início do período. Escolha um início mais recente.",
        "La cuenta tiene más de {max} asientos desde el inicio del período. Elija un inicio más reciente.",
    ),
    (
        "This export does not have this argument. Omit it.",
        "Esta exportação não tem este argumento. Omita-o.",
        "Esta exportación no tiene este argumento. Omítalo.",
    ),
    (
        "Give the tariff version whose rates to export.",
        "Informe a versão da tarifa cujos preços serão exportados.",
        "Indique la versión de la tarifa cuyos precios se exportan.",
    ),
    (
        "Give the account or callshop to export.",
        "Informe a conta ou a loja a exportar.",
        "Indique la cuenta o el locutorio que se exporta.",
    ),
];
