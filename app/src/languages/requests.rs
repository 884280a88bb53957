//! Sentences about a request as a whole: its lists, filters, cursors and ids, and the state of the server.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    // lists, filters and subscriptions
    ("Use at most {max} characters.", "Use no máximo {max} caracteres.", "Use como máximo {max} caracteres."),
    ("Use at most {max} words.", "Use no máximo {max} palavras.", "Use como máximo {max} palabras."),
    (
        "Use at least one letter or digit.",
        "Use pelo menos uma letra ou um dígito.",
        "Use al menos una letra o un dígito.",
    ),
    (
        "`from` must be before `to`.",
        "O início precisa vir antes do fim.",
        "El inicio debe ser anterior al fin.",
    ),
    (
        "Give the first 1 to {max} digits of the number, with the country code.",
        "Informe o início do número (de 1 a {max} dígitos), com o código do país.",
        "Indique el comienzo del número (de 1 a {max} dígitos), con el código del país.",
    ),
    (
        "A receipt number has only digits.",
        "O número de um recibo só tem dígitos.",
        "El número de un recibo solo tiene dígitos.",
    ),
    ("Give at most 50 values.", "Informe no máximo 50 valores.", "Indique como máximo 50 valores."),
    (
        "Omit this field: it names a different object from the one whose calls are listed.",
        "Deixe este campo vazio: a lista tem as chamadas de outro objeto.",
        "Omita este campo: la lista tiene las llamadas de otro objeto.",
    ),
    (
        "More than {max} rows would have to be searched to find a page. Give a shorter time range.",
        "Entre mais de {max} linhas, poucas demais correspondem aos filtros. Escolha um período menor.",
        "De más de {max} filas, muy pocas coinciden con los filtros. Elija un período más corto.",
    ),
    (
        "A list of more than {max} objects cannot be sorted in this order. Narrow the list with a filter or a shorter time range.",
        "Uma lista de mais de {max} objetos não pode ter esta ordem. Reduza a lista com um filtro ou um período menor.",
        "Una lista de más de {max} objetos no puede tener este orden. Reduzca la lista con un filtro o un período más corto.",
    ),
    (
        "Give exactly one of `first` and `last`.",
        "Informe exatamente um de `first` e `last`.",
        "Indique exactamente uno de `first` y `last`.",
    ),
    ("Must be between 1 and {max}.", "Precisa estar entre 1 e {max}.", "Debe estar entre 1 y {max}."),
    ("Must be 1 to {max} digits.", "Precisa ter de 1 a {max} dígitos.", "Debe tener de 1 a {max} dígitos."),
    (
        "Must be 1 to {max} characters.",
        "Precisa ter de 1 a {max} caracteres.",
        "Debe tener de 1 a {max} caracteres.",
    ),
    (
        "This is not a cursor of this list.",
        "Este não é um cursor desta lista.",
        "Este no es un cursor de esta lista.",
    ),
    (
        "This cursor belongs to a different sort order of the list. Use each cursor only with the `orderBy` that returned it.",
        "Este cursor é de outra ordem da lista. Use cada cursor com o `orderBy` de onde ele veio.",
        "Este cursor es de otro orden de la lista. Use cada cursor con el `orderBy` del que proviene.",
    ),
    (
        "This is not a cursor of this subscription. Pass a `cursor` that this subscription sent, or omit `after`.",
        "Este não é um cursor desta assinatura. Use um `cursor` que a assinatura enviou, ou omita `after`.",
        "Este no es un cursor de esta suscripción. Use un `cursor` que la suscripción envió, u omita `after`.",
    ),
    (
        "The events after this cursor were deleted; start again without a cursor.",
        "Os eventos depois deste cursor foram apagados. Comece de novo sem cursor.",
        "Los eventos posteriores a este cursor se borraron. Empiece de nuevo sin cursor.",
    ),
    (
        "Give at most {max} cursors.",
        "Informe no máximo {max} cursores.",
        "Indique como máximo {max} cursores.",
    ),
    ("Give at most {max} ids.", "Informe no máximo {max} ids.", "Indique como máximo {max} ids."),
    (
        "Name at least one kind of event, or omit `kinds` for all events.",
        "Informe pelo menos um tipo de evento, ou omita `kinds` para receber todos.",
        "Indique al menos un tipo de evento, u omita `kinds` para recibir todos.",
    ),
    (
        "`everySeconds` must be between 1 and 60.",
        "`everySeconds` precisa estar entre 1 e 60.",
        "`everySeconds` debe estar entre 1 y 60.",
    ),
    (
        "Give either `callshopId` or `accountId`.",
        "Informe exatamente um de `callshopId` e `accountId`.",
        "Indique exactamente uno de `callshopId` y `accountId`.",
    ),
    (
        "Give exactly one of `number` and `destination`.",
        "Informe `number` ou `destination`, e não os dois.",
        "Indique `number` o `destination`, pero no ambos.",
    ),
    ("Enter 1 to 32 characters.", "Informe de 1 a 32 caracteres.", "Indique de 1 a 32 caracteres."),
    ("Use at most 3600 seconds.", "Use no máximo 3600 segundos.", "Use como máximo 3600 segundos."),
    (
        "`idempotencyKey` must have 1 to {max} bytes.",
        "`idempotencyKey` precisa ter de 1 a {max} bytes.",
        "`idempotencyKey` debe tener de 1 a {max} bytes.",
    ),
    (
        "The key was already used with different input. Use a new key for each operation.",
        "A chave já foi usada com outros dados. Use uma chave nova para cada operação.",
        "La clave ya se usó con otros datos. Use una clave nueva para cada operación.",
    ),
    (
        "An earlier request with this key was carried out, but you can no longer see its object. Use a new key to repeat the change.",
        "Um pedido anterior com esta chave foi executado, mas você não pode mais ver o objeto dele. Use uma chave nova para repetir a alteração.",
        "Una solicitud anterior con esta clave se ejecutó, pero usted ya no puede ver su objeto. Use una clave nueva para repetir el cambio.",
    ),
    (
        "Another request with this key was carried out at the same time. Send this request again.",
        "Outro pedido com esta chave foi executado ao mesmo tempo. Envie este pedido de novo.",
        "Otra solicitud con esta clave se ejecutó al mismo tiempo. Envíe esta solicitud de nuevo.",
    ),
    (
        "An earlier request with this key showed the password. If it is lost, use `rotatePhoneSecret` with a new key.",
        "Um pedido anterior com esta chave já mostrou a senha. Se ela foi perdida, use `rotatePhoneSecret` com uma chave nova.",
        "Una solicitud anterior con esta clave ya mostró la contraseña. Si se perdió, use `rotatePhoneSecret` con una clave nueva.",
    ),
    (
        "An earlier request with this key showed the token. If it is lost, revoke the screen and create another one.",
        "Um pedido anterior com esta chave já mostrou o token. Se ele foi perdido, revogue a tela e crie outra.",
        "Una solicitud anterior con esta clave ya mostró el token. Si se perdió, revoque la pantalla y cree otra.",
    ),
    // rights, and the state of the server
    (
        "No such object.",
        "Este objeto não existe. Leia a lista de novo.",
        "Este objeto no existe. Lea la lista de nuevo.",
    ),
    (
        "Your role may not do this.",
        "O seu papel não permite isto. Peça a alguém com outro papel.",
        "Su papel no permite esto. Pídalo a alguien con otro papel.",
    ),
    ("Log in first.", "Entre com a sua senha primeiro.", "Inicie sesión primero."),
    (
        "Too many concurrent changes. Try again in a moment.",
        "Há mudanças demais ao mesmo tempo. Tente de novo daqui a pouco.",
        "Hay demasiados cambios a la vez. Intente de nuevo en un momento.",
    ),
    (
        "The server is busy ({reason}). Try again in a moment.",
        "O servidor está ocupado. Tente de novo daqui a pouco.",
        "El servidor está ocupado. Intente de nuevo en un momento.",
    ),
    (
        "The database does not answer. Try again in a moment.",
        "O banco de dados não responde. Tente de novo daqui a pouco.",
        "La base de datos no responde. Intente de nuevo en un momento.",
    ),
    (
        "The database is out of space. Try again later.",
        "O banco de dados está sem espaço. Tente de novo mais tarde.",
        "La base de datos no tiene espacio. Intente de nuevo más tarde.",
    ),
    (
        "The database took too long. Try again in a moment.",
        "O banco de dados demorou demais. Tente de novo daqui a pouco.",
        "La base de datos tardó demasiado. Intente de nuevo en un momento.",
    ),
    (
        "Internal error. Quote `extensions.requestId` when you report this error.",
        "Erro interno. Ao avisar o suporte, cite `extensions.requestId`.",
        "Error interno. Al avisar al soporte, cite `extensions.requestId`.",
    ),
    (
        "The version must belong to the tariff that sets the prices of the callshop's customers.",
        "A versão precisa ser da tarifa que define os preços dos clientes da loja.",
        "La versión debe ser de la tarifa que fija los precios de los clientes de la tienda.",
    ),
];
