//! Sentences about exports and account statements.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "The API token lacks the scope {scope}. Use a token that has this scope.",
        "O token de API não tem o escopo {scope}. Use um token que tenha este escopo.",
        "El token de API no tiene el alcance {scope}. Use un token que tenga este alcance.",
    ),
    (
        "Only statements and price lists are available as PDF. Choose CSV or JSONL.",
        "Só extratos e tabelas de preços existem em PDF. Escolha CSV ou JSONL.",
        "Solo los estados de cuenta y las listas de precios existen en PDF. Elija CSV o JSONL.",
    ),
    (
        "The price list has more than {max} lines, which is too long to print. Choose CSV or JSONL.",
        "A tabela de preços tem mais de {max} linhas, longa demais para imprimir. Escolha CSV ou JSONL.",
        "La lista de precios tiene más de {max} líneas, demasiado larga para imprimir. Elija CSV o JSONL.",
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
    (
        "There is no such export. The exports are {names}.",
        "Essa exportação não existe. As exportações são {names}.",
        "Esa exportación no existe. Las exportaciones son {names}.",
    ),
    (
        "The server has too many downloads at once. Try again later.",
        "O servidor tem downloads demais ao mesmo tempo. Tente de novo mais tarde.",
        "El servidor tiene demasiadas descargas a la vez. Inténtelo de nuevo más tarde.",
    ),
    (
        "You already have {max} downloads, the maximum. Wait for one to end.",
        "Você já tem {max} downloads, o máximo. Espere um deles terminar.",
        "Ya tiene {max} descargas, el máximo. Espere a que termine una.",
    ),
    (
        "The link has expired or was changed, or its login has ended. Create a new link.",
        "O link expirou, foi alterado ou seu login terminou. Crie um novo link.",
        "El enlace venció, fue modificado o su sesión terminó. Cree un enlace nuevo.",
    ),
    (
        "No such account or tariff version.",
        "Essa conta ou versão de tarifa não existe.",
        "Esa cuenta o versión de tarifa no existe.",
    ),
    (
        "Your role does not allow this export.",
        "Sua função não permite esta exportação.",
        "Su función no permite esta exportación.",
    ),
    (
        "The server is busy. Try again in a moment.",
        "O servidor está ocupado. Tente de novo em instantes.",
        "El servidor está ocupado. Inténtelo de nuevo en un momento.",
    ),
    ("Internal error. Try again.", "Erro interno. Tente de novo.", "Error interno. Inténtelo de nuevo."),
];
