//! Sentences about webhooks.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "A token that is limited to an account cannot have its own webhooks. Use a token for its maker's account.",
        "Um token limitado a uma conta não pode ter webhooks. Use um token da conta de quem o criou.",
        "Un token limitado a una cuenta no puede tener webhooks. Use un token de la cuenta de quien lo creó.",
    ),
    (
        "The document and `accountId` must name the same account.",
        "O documento e `accountId` precisam indicar a mesma conta.",
        "El documento y `accountId` deben indicar la misma cuenta.",
    ),
    (
        "The document must name the account of the webhook.",
        "O documento precisa indicar a conta do webhook.",
        "El documento debe indicar la cuenta del webhook.",
    ),
    (
        "The account has {max} webhooks. Delete one of them first.",
        "A conta tem {max} webhooks. Exclua um deles primeiro.",
        "La cuenta tiene {max} webhooks. Elimine uno de ellos primero.",
    ),
    (
        "A ping cannot be replayed. Use `testWebhook` to send another one.",
        "Um ping não pode ser repetido. Use `testWebhook` para enviar outro.",
        "Un ping no se puede repetir. Use `testWebhook` para enviar otro.",
    ),
    (
        "The event was deleted, so it cannot be sent again.",
        "O evento foi apagado, então não pode ser enviado de novo.",
        "El evento se borró, así que no se puede enviar otra vez.",
    ),
    (
        "The webhook cannot deliver: the account of its creator, or an account above that account, is suspended. Ask for the account to be resumed, or use `enableWebhook` to take the webhook over.",
        "O webhook não pode entregar: a conta de quem o criou, ou uma conta acima dela, está suspensa. Peça que a conta seja retomada ou use `enableWebhook` para assumir o webhook.",
        "El webhook no puede entregar: la cuenta de quien lo creó, o una cuenta por encima de ella, está suspendida. Pida que se reanude la cuenta o use `enableWebhook` para hacerse cargo del webhook.",
    ),
    (
        "The API token that made the webhook was revoked or has expired. Use `enableWebhook` to take the webhook over.",
        "O token de API que criou o webhook foi revogado ou expirou. Use `enableWebhook` para assumir o webhook.",
        "El token de API que creó el webhook se revocó o venció. Use `enableWebhook` para hacerse cargo del webhook.",
    ),
    (
        "The message is being sent at this moment. Look at the log again.",
        "A mensagem está sendo enviada neste momento. Consulte o registro de novo.",
        "El mensaje se está enviando en este momento. Consulte el registro otra vez.",
    ),
    (
        "The message was skipped, or sent by another request. Look at the log again.",
        "A mensagem foi pulada ou enviada por outra solicitação. Consulte o registro de novo.",
        "El mensaje se omitió o lo envió otra solicitud. Consulte el registro otra vez.",
    ),
    (
        "The webhook does not wait for this message, so there is nothing to skip.",
        "O webhook não está esperando por esta mensagem, então não há nada para pular.",
        "El webhook no espera este mensaje, así que no hay nada que omitir.",
    ),
    (
        "The document must be a text of at most {max} bytes, without control characters.",
        "O documento precisa ser um texto de no máximo {max} bytes, sem caracteres de controle.",
        "El documento debe ser un texto de {max} bytes como máximo, sin caracteres de control.",
    ),
    (
        "`description` must have at most {max} printable characters.",
        "A descrição pode ter no máximo {max} caracteres imprimíveis.",
        "La descripción puede tener como máximo {max} caracteres imprimibles.",
    ),
    (
        "Use HTTPS. Plain HTTP is allowed only to the networks in `webhooks.allow_private`.",
        "Use HTTPS. HTTP sem criptografia só é permitido para as redes em `webhooks.allow_private`.",
        "Use HTTPS. HTTP sin cifrado solo se permite hacia las redes de `webhooks.allow_private`.",
    ),
    (
        "{host} has no public address. Use a public host, or ask the operator to add its network to `webhooks.allow_private`.",
        "O servidor {host} não tem endereço público. Use um servidor público, ou peça ao operador que inclua a rede em `webhooks.allow_private`.",
        "El servidor {host} no tiene una dirección pública. Use un servidor público, o pida al operador que agregue la red a `webhooks.allow_private`.",
    ),
    (
        "{host} cannot be resolved. Check the host name.",
        "O nome {host} não pode ser resolvido. Confira o nome do servidor.",
        "El nombre {host} no se puede resolver. Revise el nombre del servidor.",
    ),
    (
        "Use an address of at most {max} bytes, such as https://example.com/hook, without a user name, a password or a fragment.",
        "Use um endereço como https://example.com/hook, sem nome de usuário, senha ou fragmento, de no máximo {max} bytes.",
        "Use una dirección como https://example.com/hook, sin nombre de usuario, contraseña ni fragmento, de {max} bytes como máximo.",
    ),
    (
        "The document is not valid: {reason}",
        "O documento não é válido: {reason}.",
        "El documento no es válido: {reason}.",
    ),
    (
        "The document must be one subscription to `callshopActivity`, `accountActivity` or `accountFeed`, without variables and without directives.",
        "O documento precisa ser uma única assinatura de `callshopActivity`, `accountActivity` ou `accountFeed`, sem variáveis e sem diretivas.",
        "El documento debe ser una sola suscripción a `callshopActivity`, `accountActivity` o `accountFeed`, sin variables y sin directivas.",
    ),
    (
        "The document cannot switch between the feed of the account and the activity of callshops. Create another webhook.",
        "O documento precisa continuar com o feed da conta, ou com a atividade das lojas. Crie outro webhook.",
        "El documento debe seguir con el feed de la cuenta, o con la actividad de las tiendas. Cree otro webhook.",
    ),
    (
        "A callshop has no feed of its own. Use `callshopActivity` instead.",
        "Uma loja não tem feed próprio. Use `callshopActivity`.",
        "Una tienda no tiene feed propio. Use `callshopActivity`.",
    ),
    (
        "The document names no account. Write the id into the document.",
        "O documento não indica nenhuma conta. Escreva o id no documento.",
        "El documento no indica ninguna cuenta. Escriba el id en el documento.",
    ),
    (
        "Omit `after`: the server remembers the position of a webhook.",
        "Omita `after`: o servidor lembra a posição do webhook.",
        "Omita `after`: el servidor recuerda la posición del webhook.",
    ),
    (
        "The document selects a field that is not a part of the event, such as `cabin`, `session` or `formatted`. Select the fields of the event and of its call, such as `cabinId` and `sessionId`.",
        "O documento seleciona um campo que não faz parte do evento, como `cabin`, `session` ou `formatted`. Selecione os campos do evento e da sua chamada, como `cabinId` e `sessionId`.",
        "El documento selecciona un campo que no es parte del evento, como `cabin`, `session` o `formatted`. Seleccione los campos del evento y de su llamada, como `cabinId` y `sessionId`.",
    ),
    (
        "An earlier request with this key showed the secret. If it is lost, rotate the secret of the webhook.",
        "Uma solicitação anterior com esta chave mostrou o segredo. Se ele se perdeu, troque o segredo do webhook.",
        "Una solicitud anterior con esta clave mostró el secreto. Si se perdió, rote el secreto del webhook.",
    ),
    ("The address is not valid.", "O endereço não é válido.", "La dirección no es válida."),
    (
        "Plain HTTP is not allowed to {host}.",
        "HTTP sem criptografia não é permitido para {host}.",
        "No se permite HTTP sin cifrado hacia {host}.",
    ),
    (
        "The server may not connect to any address of {host}.",
        "O servidor não pode se conectar a nenhum endereço de {host}.",
        "El servidor no puede conectarse a ninguna dirección de {host}.",
    ),
    (
        "The host {host} cannot be resolved.",
        "O host {host} não foi encontrado.",
        "No se encontró el host {host}.",
    ),
    (
        "The attempt failed for a reason that this server does not know.",
        "A tentativa falhou por um motivo que este servidor não conhece.",
        "El intento falló por un motivo que este servidor no conoce.",
    ),
    ("The connection failed: {cause}.", "A conexão falhou: {cause}.", "La conexión falló: {cause}."),
    (
        "The receiver did not answer within {seconds} seconds.",
        "O destino não respondeu em {seconds} segundos.",
        "El destino no respondió en {seconds} segundos.",
    ),
    (
        "The receiver answered with status {status}, but redirects are not followed.",
        "O destino respondeu com o status {status}, mas redirecionamentos não são seguidos.",
        "El destino respondió con el estado {status}, pero las redirecciones no se siguen.",
    ),
    (
        "The receiver answered with status {status}.",
        "O destino respondeu com o status {status}.",
        "El destino respondió con el estado {status}.",
    ),
    (
        "The server could not write the message. Its log has the cause.",
        "O servidor não conseguiu escrever a mensagem. O log do servidor tem a causa.",
        "El servidor no pudo escribir el mensaje. El registro del servidor tiene la causa.",
    ),
];
