//! A general sentence for each error code, shown when an error's own sentence has no translation.

/// Code, Portuguese, Spanish.
pub(super) const GENERAL: &[(&str, &str, &str)] = &[
    (
        "INVALID_INPUT",
        "Um valor não é válido. Corrija o campo indicado e tente de novo.",
        "Un valor no es válido. Corrija el campo indicado e intente de nuevo.",
    ),
    (
        "NOT_FOUND",
        "Este objeto não existe. Leia a lista de novo.",
        "Este objeto no existe. Lea la lista de nuevo.",
    ),
    (
        "FORBIDDEN",
        "O seu papel não permite isto. Peça a alguém com outro papel.",
        "Su papel no permite esto. Pídalo a alguien con otro papel.",
    ),
    (
        "ALREADY_EXISTS",
        "Já existe um objeto com este nome ou número. Escolha outro.",
        "Ya existe un objeto con este nombre o número. Elija otro.",
    ),
    (
        "ILLEGAL_STATE",
        "O estado atual não permite esta ação. Confira o estado e tente de novo.",
        "El estado actual no permite esta acción. Revise el estado e intente de nuevo.",
    ),
    (
        "BAD_CREDENTIALS",
        "O usuário ou a senha está errada. Confira os dois e tente de novo.",
        "El usuario o la contraseña no es correcta. Revise ambos e intente de nuevo.",
    ),
    (
        "TRY_LATER",
        "Tentativas demais. Espere até 30 segundos e tente de novo.",
        "Demasiados intentos. Espere hasta 30 segundos e intente de nuevo.",
    ),
    (
        "TOTP_REQUIRED",
        "Este acesso também precisa de um código. Digite o código do seu aplicativo autenticador.",
        "Este acceso también necesita un código. Escriba el código de su aplicación de autenticación.",
    ),
    (
        "TOTP_INVALID",
        "O código está errado ou já foi usado. Espere o próximo código do seu aplicativo.",
        "El código no es correcto o ya se usó. Espere el siguiente código de su aplicación.",
    ),
    (
        "TOTP_SETUP_REQUIRED",
        "Este servidor exige um segundo fator para o seu papel. Configure-o primeiro.",
        "Este servidor exige un segundo factor para su papel. Configúrelo primero.",
    ),
    (
        "WEAK_PASSWORD",
        "Esta senha é fraca. Escolha uma senha mais longa e difícil de adivinhar.",
        "Esta contraseña es débil. Elija una más larga y difícil de adivinar.",
    ),
    (
        "IDEMPOTENCY_CONFLICT",
        "A chave já foi usada com outros dados. Use uma chave nova para cada operação.",
        "La clave ya se usó con otros datos. Use una clave nueva para cada operación.",
    ),
    (
        "SECRET_SHOWN",
        "O segredo já foi mostrado e não pode aparecer de novo. Se ele foi perdido, renove o token.",
        "El secreto ya se mostró y no se puede volver a mostrar. Si se perdió, renueve el token.",
    ),
    (
        "CURRENCY_MISMATCH",
        "Valores em moedas diferentes não podem ser combinados. Use a moeda da conta.",
        "No se pueden combinar montos en monedas diferentes. Use la moneda de la cuenta.",
    ),
    (
        "REGISTER_CLOSED",
        "O caixa está fechado. Abra o caixa primeiro.",
        "La caja está cerrada. Ábrala primero.",
    ),
    (
        "REGISTER_OPEN",
        "O caixa já está aberto. Continue com o turno aberto.",
        "La caja ya está abierta. Siga con el turno abierto.",
    ),
    (
        "OPEN_ITEMS",
        "Há cabines abertas ou contas não pagas. Feche as cabines, e receba as contas ou passe-as para o próximo turno.",
        "Hay cabinas abiertas o cuentas sin pagar. Cierre las cabinas, y cobre las cuentas o páselas al próximo turno.",
    ),
    (
        "CABIN_WITHOUT_PHONE",
        "A cabine não tem telefone. Ligue um telefone à cabine primeiro.",
        "La cabina no tiene teléfono. Asígnele un teléfono primero.",
    ),
    (
        "CABIN_OCCUPIED",
        "Há um cliente na cabine. Escolha outra cabine, ou feche esta primeiro.",
        "Hay un cliente en la cabina. Elija otra cabina, o cierre esta primero.",
    ),
    (
        "SUSPENDED",
        "A loja, ou uma conta acima dela, está suspensa. Fale com o seu revendedor.",
        "La tienda, o una cuenta superior, está suspendida. Contacte a su revendedor.",
    ),
    (
        "SERVICE_UNAVAILABLE",
        "O serviço não está disponível. Fale com o seu revendedor.",
        "El servicio no está disponible. Contacte a su revendedor.",
    ),
    (
        "UNDERPAID",
        "Os pagamentos são menores que o valor a pagar. Receba o resto.",
        "Los pagos son menores que el monto a pagar. Cobre el resto.",
    ),
    (
        "OVERPAID",
        "Os pagamentos sem dinheiro passam do total, e só o dinheiro dá troco. Reduza esses pagamentos.",
        "Los pagos que no son en efectivo superan el total, y solo el efectivo da cambio. Redúzcalos.",
    ),
    (
        "INSUFFICIENT_CREDIT",
        "A conta não tem crédito suficiente. Peça uma recarga ou um limite maior.",
        "La cuenta no tiene crédito suficiente. Pida una recarga o un límite mayor.",
    ),
    (
        "CEILING_EXCEEDED",
        "O valor passa do limite dos atendentes. Reduza o valor ou peça ao dono.",
        "El monto supera el límite de los empleados. Redúzcalo o pídalo al dueño.",
    ),
    (
        "INSUFFICIENT_CASH",
        "A gaveta não tem tanto dinheiro. Registre um suprimento primeiro.",
        "El cajón no tiene tanto efectivo. Registre un ingreso primero.",
    ),
    (
        "DISCOUNT_TOO_HIGH",
        "O desconto passa do total das chamadas e itens. Reduza o desconto.",
        "El descuento supera el total de llamadas y artículos. Redúzcalo.",
    ),
    (
        "REFUND_TOO_HIGH",
        "O reembolso passa do que ainda pode ser reembolsado. Reduza o valor.",
        "El reembolso supera lo que todavía se puede reembolsar. Redúzcalo.",
    ),
    ("ALREADY_REVERSED", "A transferência já foi estornada.", "La transferencia ya fue revertida."),
    (
        "STALE_DRAFT",
        "O rascunho não vem da versão em vigor. Faça a mudança de novo, ou ative uma cópia do rascunho.",
        "El borrador no viene de la versión en vigor. Haga el cambio de nuevo, o active una copia del borrador.",
    ),
    (
        "SCHEDULE_CONFLICT",
        "Outra versão está marcada para a mesma hora ou antes. Escolha outra hora, ou parta dessa versão.",
        "Otra versión está programada para la misma hora o antes. Elija otra hora, o parta de esa versión.",
    ),
    (
        "BAD_DECK",
        "O arquivo tem linhas com erros. Corrija os erros da lista e importe de novo.",
        "El archivo tiene filas con errores. Corrija los errores de la lista e importe de nuevo.",
    ),
    (
        "UPLOAD_GONE",
        "O servidor não tem mais o arquivo. Crie outra importação e envie o arquivo de novo.",
        "El servidor ya no tiene el archivo. Cree otra importación y envíe el archivo de nuevo.",
    ),
    (
        "DESTINATION_NOT_RATED",
        "Este destino não tem preço. Peça ao seu revendedor que inclua o destino.",
        "Este destino no tiene precio. Pida a su revendedor que lo agregue.",
    ),
    (
        "DESTINATION_BLOCKED",
        "Este destino está bloqueado. Disque outro número, ou peça o desbloqueio ao seu revendedor.",
        "Este destino está bloqueado. Marque otro número, o pida a su revendedor que lo desbloquee.",
    ),
    (
        "NUMBER_INVALID",
        "Este número não pode ser discado. Confira o número.",
        "Este número no se puede marcar. Revise el número.",
    ),
    (
        "BRANCH_TOO_LARGE",
        "O ramo tem lojas demais para uma assinatura. Assine as contas abaixo dele, uma a uma.",
        "La rama tiene demasiadas tiendas para una suscripción. Suscríbase a las cuentas de abajo, una por una.",
    ),
    (
        "SEARCH_TOO_BROAD",
        "A busca é ampla demais. Escolha um período menor ou outro filtro.",
        "La búsqueda es demasiado amplia. Elija un período más corto u otro filtro.",
    ),
    (
        "PROXY_UNREACHABLE",
        "A central não aceitou o comando, e a chamada pode continuar. Tente de novo.",
        "La central no aceptó la orden, y la llamada puede continuar. Intente de nuevo.",
    ),
    // errors that concern a whole request, and that end users can see
    (
        "UNAUTHENTICATED",
        "A sua sessão expirou ou foi encerrada. Entre de novo.",
        "Su sesión venció o fue cerrada. Inicie sesión de nuevo.",
    ),
    (
        "INVALID_TICKET",
        "O acesso já foi usado ou venceu. Peça um acesso novo.",
        "El acceso ya se usó o venció. Pida un acceso nuevo.",
    ),
    (
        "OVERLOADED",
        "O servidor está ocupado. Tente de novo daqui a pouco.",
        "El servidor está ocupado. Intente de nuevo en un momento.",
    ),
    (
        "INTERNAL",
        "Erro interno. Ao avisar o suporte, cite `extensions.requestId`.",
        "Error interno. Al avisar al soporte, cite `extensions.requestId`.",
    ),
    (
        "QUERY_TIMEOUT",
        "A operação demorou demais. Uma mudança pode ter sido feita. Confira antes de repetir.",
        "La operación tardó demasiado. Un cambio puede haberse hecho. Revise antes de repetir.",
    ),
    (
        "RATE_LIMITED",
        "Pedidos demais. Espere um pouco e tente de novo.",
        "Demasiadas solicitudes. Espere un momento e intente de nuevo.",
    ),
    (
        "TOO_MANY_SOCKETS",
        "Há conexões abertas demais. Feche uma delas, ou tente de novo mais tarde.",
        "Hay demasiadas conexiones abiertas. Cierre una, o intente de nuevo más tarde.",
    ),
    (
        "TOO_MANY_OPERATIONS",
        "Esta conexão já tem operações demais. Encerre uma delas primeiro.",
        "Esta conexión ya tiene demasiadas operaciones. Termine una primero.",
    ),
    (
        "RESPONSE_TOO_LARGE",
        "A resposta é grande demais. Peça menos campos ou páginas menores.",
        "La respuesta es demasiado grande. Pida menos campos o páginas más pequeñas.",
    ),
    (
        "BODY_TOO_LARGE",
        "O pedido é grande demais. Envie menos dados de cada vez.",
        "La solicitud es demasiado grande. Envíe menos datos a la vez.",
    ),
    (
        "BODY_TIMEOUT",
        "O pedido demorou demais para chegar. Tente de novo.",
        "La solicitud tardó demasiado en llegar. Intente de nuevo.",
    ),
    (
        "SHUTTING_DOWN",
        "O servidor está parando. Tente de novo para alcançar outro servidor.",
        "El servidor se está deteniendo. Intente de nuevo para alcanzar otro servidor.",
    ),
    (
        "FORBIDDEN_ORIGIN",
        "As páginas deste site não podem usar este servidor. Fale com o operador do servidor.",
        "Las páginas de este sitio no pueden usar este servidor. Contacte al operador del servidor.",
    ),
];
