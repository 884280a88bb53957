//! Sentences about reports.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "The year of `day` must be between {first} and {last}.",
        "O ano precisa estar entre {first} e {last}.",
        "El año debe estar entre {first} y {last}.",
    ),
    (
        "Older calls have been deleted. `day` must be {first} or later.",
        "Chamadas mais antigas foram apagadas. Escolha {first} ou um dia posterior.",
        "Las llamadas más antiguas se borraron. Elija {first} o un día posterior.",
    ),
    (
        "The year of `from` must be between {first} and {last}.",
        "O ano precisa estar entre {first} e {last}.",
        "El año debe estar entre {first} y {last}.",
    ),
    (
        "Older calls have been deleted. `from` must be {first} or later.",
        "Chamadas mais antigas foram apagadas. Escolha {first} ou um dia posterior.",
        "Las llamadas más antiguas se borraron. Elija {first} o un día posterior.",
    ),
    (
        "`to` must not be before `from`, and the period must not exceed {max} days.",
        "O fim não pode vir antes do início, e o período pode ter no máximo {max} dias.",
        "El fin no puede ser anterior al inicio, y el período puede tener como máximo {max} días.",
    ),
    (
        "The callshops have several currencies. Request one distributor at a time.",
        "As lojas têm várias moedas. Peça um distribuidor de cada vez.",
        "Las tiendas tienen varias monedas. Consulte un distribuidor a la vez.",
    ),
    (
        "The report has more than {max} groups. Choose a shorter period or fewer dimensions.",
        "O relatório tem mais de {max} grupos. Escolha um período menor ou menos dimensões.",
        "El informe tiene más de {max} grupos. Elija un período más corto o menos dimensiones.",
    ),
];
