//! Sentences about accounts, their settings for Pix, and credit.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    // accounts
    (
        "The callshop is suspended. Contact your reseller.",
        "A loja está suspensa. Fale com o seu revendedor.",
        "La tienda está suspendida. Contacte a su revendedor.",
    ),
    (
        "The service is not available. Contact your reseller.",
        "O serviço não está disponível. Fale com o seu revendedor.",
        "El servicio no está disponible. Contacte a su revendedor.",
    ),
    (
        "A {child} cannot be created below a {parent}.",
        "Uma conta do tipo {child} não pode ser criada abaixo de uma conta do tipo {parent}.",
        "Una cuenta de tipo {child} no puede crearse debajo de una cuenta de tipo {parent}.",
    ),
    (
        "A second platform account cannot be created.",
        "Só pode haver uma conta da plataforma.",
        "Solo puede haber una cuenta de la plataforma.",
    ),
    (
        "`currency` must be {currency}, the currency of the parent.",
        "A moeda precisa ser {currency}, a moeda da conta acima.",
        "La moneda debe ser {currency}, la moneda de la cuenta superior.",
    ),
    (
        "`currency` must be {currency}, the currency of the owner.",
        "A moeda precisa ser {currency}, a moeda da conta dona da tarifa.",
        "La moneda debe ser {currency}, la moneda de la cuenta dueña de la tarifa.",
    ),
    (
        "A currency code must be three capital letters, like EUR.",
        "O código da moeda precisa ter três letras maiúsculas, como BRL.",
        "El código de la moneda debe tener tres letras mayúsculas, como USD.",
    ),
    (
        "`timeZone` must be an IANA time zone, such as Europe/Lisbon.",
        "O fuso horário precisa ser um fuso da IANA, como America/Sao_Paulo.",
        "La zona horaria debe ser una zona de IANA, como America/Bogota.",
    ),
    (
        "`country` must be two letters (ISO 3166), such as BR.",
        "O país precisa ter duas letras (ISO 3166), como BR.",
        "El país debe tener dos letras (ISO 3166), como CO.",
    ),
    (
        "`locale` must be a BCP 47 language tag, such as pt-BR.",
        "O idioma precisa ser um código BCP 47, como pt-BR.",
        "El idioma debe ser un código BCP 47, como es-CO.",
    ),
    (
        "`{field}` must have 1 to {max} printable characters.",
        "`{field}` precisa ter de 1 a {max} caracteres imprimíveis.",
        "`{field}` debe tener de 1 a {max} caracteres imprimibles.",
    ),
    (
        "`{field}` can have at most {max} printable characters.",
        "`{field}` pode ter no máximo {max} caracteres imprimíveis.",
        "`{field}` puede tener como máximo {max} caracteres imprimibles.",
    ),
    (
        "Only a callshop has `maxCallSeconds` and `callerId`.",
        "Só uma loja tem `maxCallSeconds` e `callerId`.",
        "Solo una tienda tiene `maxCallSeconds` y `callerId`.",
    ),
    (
        "`maxCallSeconds` must be between 1 and 86400.",
        "A duração máxima precisa estar entre 1 e 86400 segundos.",
        "La duración máxima debe estar entre 1 y 86400 segundos.",
    ),
    (
        "`callerId` must have up to 15 digits with an optional +, or be empty.",
        "O identificador de chamadas pode ter até 15 dígitos, com um + opcional, ou ficar vazio.",
        "El identificador de llamadas puede tener hasta 15 dígitos, con un + opcional, o quedar vacío.",
    ),
    (
        "The branch has more than {max} callshops. Subscribe to the accounts below it, one by one.",
        "O ramo tem mais de {max} lojas. Assine as contas abaixo dele, uma a uma.",
        "La rama tiene más de {max} tiendas. Suscríbase a las cuentas de abajo, una por una.",
    ),
    (
        "Use 1 to {max} seconds, or 0 for no announcement.",
        "Use de 1 a {max} segundos, ou 0 para não ter aviso.",
        "Use de 1 a {max} segundos, o 0 para no tener aviso.",
    ),
    // Pix
    (
        "Pix pays only in {pix}, but the callshop's currency is {currency}.",
        "O Pix só paga em {pix}, mas a moeda da loja é {currency}.",
        "Pix solo paga en {pix}, pero la moneda de la tienda es {currency}.",
    ),
    (
        "A Pix code needs `{field}`. Enter this field together with the key.",
        "Um código Pix precisa de `{field}`. Informe esse dado com a chave.",
        "Un código Pix necesita `{field}`. Indíquelo con la clave.",
    ),
    (
        "Enter `pixKey` together with `{field}`.",
        "Informe a chave Pix junto com `{field}`.",
        "Indique la clave Pix junto con `{field}`.",
    ),
    (
        "Not a Pix key. Enter a CPF, a CNPJ, a phone with +55, an e-mail address, or a random key.",
        "Isto não é uma chave Pix. Informe um CPF, um CNPJ, um telefone com +55, um e-mail ou uma chave aleatória.",
        "Esto no es una clave Pix. Indique un CPF, un CNPJ, un teléfono con +55, un correo o una clave aleatoria.",
    ),
    (
        "The check digits of this CPF or CNPJ are wrong. A phone must begin with +55.",
        "Os dígitos verificadores deste CPF ou CNPJ estão errados. Um telefone precisa começar com +55.",
        "Los dígitos de control de este CPF o CNPJ no son correctos. Un teléfono debe empezar con +55.",
    ),
    (
        "Enter 1 to {max} letters of the Latin alphabet.",
        "Informe de 1 a {max} letras do alfabeto latino.",
        "Indique de 1 a {max} letras del alfabeto latino.",
    ),
    // credit
    (
        "The account does not have enough credit: balance + limit - held must not fall below zero.",
        "A conta não tem crédito suficiente: saldo + limite - reservado não pode ficar abaixo de zero.",
        "La cuenta no tiene crédito suficiente: saldo + límite - reservado no puede quedar por debajo de cero.",
    ),
    (
        "`amount.currency` must be {currency}, the account's currency.",
        "A moeda do valor precisa ser {currency}, a moeda da conta.",
        "La moneda del monto debe ser {currency}, la moneda de la cuenta.",
    ),
    (
        "`{field}` must be at most {max}.",
        "`{field}` pode ser no máximo {max}.",
        "`{field}` puede ser como máximo {max}.",
    ),
    (
        "The resulting balance must be between -{max} and {max}.",
        "O saldo final precisa estar entre -{max} e {max}.",
        "El saldo final debe estar entre -{max} y {max}.",
    ),
    (
        "`amount` must be above zero.",
        "O valor precisa ser maior que zero.",
        "El monto debe ser mayor que cero.",
    ),
    ("`amount` must not be zero.", "O valor não pode ser zero.", "El monto no puede ser cero."),
    (
        "`amount` must not be negative. Use null for no warnings.",
        "O valor não pode ser negativo. Deixe vazio para não receber avisos.",
        "El monto no puede ser negativo. Déjelo vacío para no recibir avisos.",
    ),
    (
        "`limit` must not be negative. Use null for no limit.",
        "O limite não pode ser negativo. Deixe vazio para não ter limite.",
        "El límite no puede ser negativo. Déjelo vacío para no tener límite.",
    ),
    (
        "`note` can have at most {max} characters.",
        "A observação pode ter no máximo {max} caracteres.",
        "La nota puede tener como máximo {max} caracteres.",
    ),
    (
        "The transfer has already been reversed.",
        "A transferência já foi estornada.",
        "La transferencia ya fue revertida.",
    ),
    (
        "A {kind} cannot be reversed. Only top-ups and adjustments can.",
        "Este lançamento não pode ser estornado: {kind}. Só recargas e ajustes podem ser estornados.",
        "Este movimiento no se puede revertir: {kind}. Solo las recargas y los ajustes se pueden revertir.",
    ),
];
