//! Portuguese and Spanish translations of the API's words, for use inside sentences. The states have feminine forms, because the words for session,
//! call and cabin are feminine in both languages.

/// A word of the API, and its translations.
pub(super) const WORDS: &[(&str, &str, &str)] = &[
    // states of sessions and cabins
    ("OPEN", "aberta", "abierta"),
    ("CLOSING", "em fechamento", "en cierre"),
    ("CLOSED", "fechada", "cerrada"),
    ("SETTLED", "paga", "pagada"),
    ("VOIDED", "anulada", "anulada"),
    ("OUT_OF_SERVICE", "fora de serviço", "fuera de servicio"),
    // states of calls
    ("AUTHORIZED", "autorizada", "autorizada"),
    ("RINGING", "tocando", "sonando"),
    ("ANSWERED", "em andamento", "en curso"),
    ("ENDED", "encerrada", "terminada"),
    ("FAILED", "sem resposta", "sin respuesta"),
    ("ABANDONED", "abandonada", "abandonada"),
    ("REFUSED", "recusada", "rechazada"),
    // payment methods
    ("CASH", "dinheiro", "efectivo"),
    ("CARD", "cartão", "tarjeta"),
    ("PIX", "Pix", "Pix"),
    ("OTHER", "outro", "otro"),
    // kinds of accounts, and roles
    ("PLATFORM", "plataforma", "plataforma"),
    ("DISTRIBUTOR", "distribuidor", "distribuidor"),
    ("RESELLER", "revendedor", "revendedor"),
    ("CALLSHOP", "loja", "tienda"),
    ("ADMIN", "administrador", "administrador"),
    ("CALLSHOP_OWNER", "dono da loja", "dueño de la tienda"),
    ("ATTENDANT", "atendente", "empleado"),
    // transfers of the ledger
    ("TOP_UP", "recarga", "recarga"),
    ("ADJUSTMENT", "ajuste", "ajuste"),
    ("CALL", "chamada", "llamada"),
    ("WRITE_OFF", "perda", "pérdida"),
    ("REVERSAL", "estorno", "reversión"),
    ("FLOAT", "fundo de caixa", "fondo de caja"),
    ("PAY_IN", "suprimento", "ingreso"),
    ("PAY_OUT", "sangria", "retiro"),
    ("DEPOSIT", "depósito", "depósito"),
    ("SALE", "venda", "venta"),
    ("SETTLEMENT", "pagamento", "pago"),
    ("DEPOSIT_REFUND", "devolução de depósito", "devolución de depósito"),
    ("REFUND", "reembolso", "reembolso"),
    ("VARIANCE", "diferença de caixa", "diferencia de caja"),
    // books of the ledger
    ("CREDIT", "crédito", "crédito"),
    ("ISSUED", "crédito concedido", "crédito otorgado"),
    ("REVENUE", "receita", "ingresos"),
    ("DRAWER", "gaveta", "cajón"),
    ("SALES", "vendas", "ventas"),
    ("DEPOSITS", "depósitos", "depósitos"),
    ("RECEIVABLE", "contas a receber", "cuentas por cobrar"),
    ("ROUNDING", "arredondamento", "redondeo"),
    ("OUTSIDE", "fora da loja", "fuera de la tienda"),
];
