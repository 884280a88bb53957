//! Sentences for the back office: accounts, users, logins, credit, tariffs, settings, reports.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    // logins and users
    (
        "The login or password is wrong.",
        "O usuário ou a senha está errada. Confira os dois e tente de novo.",
        "El usuario o la contraseña no es correcta. Revise ambos e intente de nuevo.",
    ),
    ("The current password is wrong.", "A senha atual está errada.", "La contraseña actual no es correcta."),
    (
        "Too many wrong passwords. Try again in {wait} seconds.",
        "Senhas erradas demais. Tente de novo em {wait} segundos.",
        "Demasiadas contraseñas incorrectas. Intente de nuevo en {wait} segundos.",
    ),
    (
        "Use a password of {min} to {max} characters.",
        "Use uma senha de {min} a {max} caracteres.",
        "Use una contraseña de {min} a {max} caracteres.",
    ),
    (
        "Use a password with at least four different characters.",
        "Use uma senha com pelo menos quatro caracteres diferentes.",
        "Use una contraseña con al menos cuatro caracteres diferentes.",
    ),
    (
        "This password is easy to guess. Use several words that do not belong together.",
        "Esta senha é fácil de adivinhar. Use várias palavras que não combinam entre si.",
        "Esta contraseña es fácil de adivinar. Use varias palabras que no vayan juntas.",
    ),
    (
        "`name` must have 2 to 32 characters: a-z, 0-9, dot, underscore or dash.",
        "O nome de usuário precisa ter de 2 a 32 caracteres: a-z, 0-9, ponto, sublinhado ou hífen.",
        "El nombre de usuario debe tener de 2 a 32 caracteres: a-z, 0-9, punto, guion bajo o guion.",
    ),
    (
        "A {kind} account cannot have {role} users.",
        "Uma conta do tipo {kind} não pode ter usuários com o papel de {role}.",
        "Una cuenta de tipo {kind} no puede tener usuarios con el papel de {role}.",
    ),
    (
        "The account already has a user with this name.",
        "A conta já tem um usuário com este nome. Escolha outro nome.",
        "La cuenta ya tiene un usuario con este nombre. Elija otro nombre.",
    ),
    (
        "Enter a code from your authenticator app, or a recovery code.",
        "Digite um código do seu aplicativo autenticador, ou um código de recuperação.",
        "Escriba un código de su aplicación de autenticación, o un código de recuperación.",
    ),
    (
        "The code is wrong or was already used. Wait for the next code from your app.",
        "O código está errado ou já foi usado. Espere o próximo código do seu aplicativo.",
        "El código no es correcto o ya se usó. Espere el siguiente código de su aplicación.",
    ),
    (
        "Set up the second factor first.",
        "Configure o segundo fator primeiro.",
        "Configure primero el segundo factor.",
    ),
    (
        "The second factor is off. Set it up first.",
        "O segundo fator está desativado. Configure-o primeiro.",
        "El segundo factor está desactivado. Configúrelo primero.",
    ),
    (
        "The second factor is already on.",
        "O segundo fator já está ativado. Não é preciso confirmar de novo.",
        "El segundo factor ya está activado. No hace falta confirmarlo de nuevo.",
    ),
    (
        "The second factor is already on. Turn it off before you set it up again.",
        "O segundo fator já está ativado. Desative-o antes de configurá-lo de novo.",
        "El segundo factor ya está activado. Desactívelo antes de configurarlo de nuevo.",
    ),
    (
        "This server requires a second factor for your role. Set it up first.",
        "Este servidor exige um segundo fator para o seu papel. Configure-o primeiro.",
        "Este servidor exige un segundo factor para su papel. Configúrelo primero.",
    ),
    (
        "Only the answer to an HTTP POST can set a cookie. Send `login` in an HTTP POST, or omit `cookie`.",
        "Só a resposta a um POST HTTP pode definir um cookie. Envie `login` desse modo, ou omita `cookie`.",
        "Solo la respuesta a un POST HTTP puede definir una cookie. Envíe `login` de ese modo, u omita `cookie`.",
    ),
    // API tokens
    ("Name at least one scope.", "Informe pelo menos um escopo.", "Indique al menos un alcance."),
    (
        "There is no scope \"{text}\". The scopes are {scopes}.",
        "O escopo \"{text}\" não existe. Os escopos são {scopes}.",
        "El alcance \"{text}\" no existe. Los alcances son {scopes}.",
    ),
    (
        "`expiresAt` must be in the future, at most {max} days from now.",
        "A validade precisa estar no futuro, no máximo {max} dias a partir de agora.",
        "El vencimiento debe estar en el futuro, como máximo {max} días a partir de ahora.",
    ),
    (
        "`gracePeriodSeconds` must be between 0 and {max}.",
        "O prazo do token antigo precisa estar entre 0 e {max} segundos.",
        "El plazo del token anterior debe estar entre 0 y {max} segundos.",
    ),
    (
        "The account has {max} valid tokens. Revoke one of them first.",
        "A conta tem {max} tokens válidos. Revogue um deles primeiro.",
        "La cuenta tiene {max} tokens válidos. Revoque uno de ellos primero.",
    ),
    (
        "The token was revoked or has expired. Create a new one.",
        "O token foi revogado ou venceu. Crie um token novo.",
        "El token fue revocado o venció. Cree uno nuevo.",
    ),
    (
        "The token has already been rotated. Rotate its successor, whose secret begins with {prefix} (`apiTokens` has its id).",
        "Este token já foi renovado. Renove o token que o substituiu, cujo segredo começa com {prefix} (o id está em `apiTokens`).",
        "Este token ya fue renovado. Renueve el token que lo reemplazó, cuyo secreto empieza con {prefix} (el id está en `apiTokens`).",
    ),
    (
        "An earlier request with this key showed the secret. If it is lost, rotate the token.",
        "Um pedido anterior com esta chave já mostrou o segredo. Se ele foi perdido, renove o token.",
        "Una solicitud anterior con esta clave ya mostró el secreto. Si se perdió, renueve el token.",
    ),
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
    // tariffs
    (
        "Version {number} was activated with effect from {from}; activate a copy of it.",
        "A versão {number} foi ativada a partir de {from}. Ative uma cópia dela.",
        "La versión {number} se activó a partir de {from}. Active una copia.",
    ),
    (
        "Version {number} is already scheduled for {at}. To choose another time, cancel the schedule first, with `cancelTariffVersion`.",
        "A versão {number} já está marcada para {at}. Para escolher outra hora, cancele primeiro, com `cancelTariffVersion`.",
        "La versión {number} ya está programada para {at}. Para elegir otra hora, cancele primero la programación, con `cancelTariffVersion`.",
    ),
    (
        "The version has no rates, so every call would be refused. Add rates first.",
        "A versão não tem preços, e toda chamada seria recusada. Inclua preços primeiro.",
        "La versión no tiene precios, y toda llamada sería rechazada. Agregue precios primero.",
    ),
    (
        "Version {number} is taking effect right now; check it first.",
        "A versão {number} está entrando em vigor agora. Confira essa versão primeiro.",
        "La versión {number} está entrando en vigor ahora. Revísela primero.",
    ),
    (
        "Version {number} is scheduled for the same time. Choose another time.",
        "A versão {number} está marcada para a mesma hora. Escolha outra hora.",
        "La versión {number} está programada para la misma hora. Elija otra hora.",
    ),
    (
        "The draft is based on version {number}, which takes effect at {at}. Choose a later time.",
        "O rascunho vem da versão {number}, que entra em vigor em {at}. Escolha uma hora posterior.",
        "El borrador viene de la versión {number}, que entra en vigor en {at}. Elija una hora posterior.",
    ),
    (
        "The tariff has versions, and none is in force. Name the version to change in `baseVersionId`.",
        "A tarifa tem versões, mas nenhuma em vigor. Indique em `baseVersionId` a versão que deve mudar.",
        "La tarifa tiene versiones, pero ninguna en vigor. Indique en `baseVersionId` la versión que debe cambiar.",
    ),
    (
        "Version {number} takes effect at {at}, but the draft lacks that version's changes. Choose an earlier time, or make the change again with `baseVersionId`.",
        "A versão {number} entra em vigor em {at}, e o rascunho não tem as mudanças dela. Escolha uma hora anterior, ou faça a mudança de novo com `baseVersionId`.",
        "La versión {number} entra en vigor en {at}, y el borrador no tiene sus cambios. Elija una hora anterior, o haga el cambio de nuevo con `baseVersionId`.",
    ),
    (
        "Version {number} is in force, and the draft is not based on it. Make the change again. To use the draft's rates unchanged, activate a copy of the draft.",
        "A versão {number} está em vigor, e o rascunho não vem dela. Faça a mudança de novo. Para usar os preços do rascunho como estão, ative uma cópia dele.",
        "La versión {number} está en vigor, y el borrador no viene de ella. Haga el cambio de nuevo. Para usar los precios del borrador tal como están, active una copia.",
    ),
    (
        "Version {number} is no longer in force. Omit `baseVersionId`, or copy that version to go back to it.",
        "A versão {number} não está mais em vigor. Omita `baseVersionId`, ou copie essa versão para voltar a ela.",
        "La versión {number} ya no está en vigor. Omita `baseVersionId`, o copie esa versión para volver a ella.",
    ),
    (
        "The base version was discarded. Make the change again.",
        "A versão de base foi descartada. Faça a mudança de novo.",
        "La versión de base se descartó. Haga el cambio de nuevo.",
    ),
    (
        "The tariff is archived. Take it out of the archive first, with `archiveTariff` and `archived: false`.",
        "A tarifa está arquivada. Primeiro tire a tarifa do arquivo, com `archiveTariff` e `archived: false`.",
        "La tarifa está archivada. Primero sáquela del archivo, con `archiveTariff` y `archived: false`.",
    ),
    (
        "The tariff is assigned to {accounts} accounts. Assign another tariff to them first.",
        "A tarifa está atribuída a {accounts} contas. Primeiro atribua outra tarifa a elas.",
        "La tarifa está asignada a {accounts} cuentas. Primero asígneles otra tarifa.",
    ),
    (
        "Version {number} is not scheduled.",
        "A versão {number} não está marcada.",
        "La versión {number} no está programada.",
    ),
    (
        "Version {number} has been in force since {from}. Use `revertTariff` to go back to an earlier version.",
        "A versão {number} está em vigor desde {from}. Use `revertTariff` para voltar a uma versão anterior.",
        "La versión {number} está en vigor desde {from}. Use `revertTariff` para volver a una versión anterior.",
    ),
    (
        "Version {next} is scheduled to follow version {number}. Cancel version {next} first.",
        "A versão {next} está marcada para seguir a versão {number}. Primeiro cancele a versão {next}.",
        "La versión {next} está programada para seguir a la versión {number}. Primero cancele la versión {next}.",
    ),
    (
        "Version {number} is not a draft. Only drafts can be discarded. Cancel a schedule with `cancelTariffVersion` first.",
        "A versão {number} não é um rascunho. Só rascunhos podem ser descartados. Primeiro cancele a marcação com `cancelTariffVersion`.",
        "La versión {number} no es un borrador. Solo se pueden descartar borradores. Primero cancele la programación con `cancelTariffVersion`.",
    ),
    (
        "Version {other} was made from version {number}. Discard version {other} first.",
        "A versão {other} vem da versão {number}. Primeiro descarte a versão {other}.",
        "La versión {other} viene de la versión {number}. Primero descarte la versión {other}.",
    ),
    (
        "Version {number} is in force, and has the same prices and terms as version {target}. Nothing needs to change.",
        "A versão {number} está em vigor, e tem os mesmos preços e condições da versão {target}. Nada precisa mudar.",
        "La versión {number} está en vigor, y tiene los mismos precios y condiciones que la versión {target}. No hace falta cambiar nada.",
    ),
    (
        "The tariff has no earlier version to go back to.",
        "A tarifa não tem uma versão anterior à qual voltar.",
        "La tarifa no tiene una versión anterior a la que volver.",
    ),
    (
        "Version {number} is already in force.",
        "A versão {number} já está em vigor.",
        "La versión {number} ya está en vigor.",
    ),
    (
        "Version {number} was never in force. Use `activateTariffVersion` to put it in force.",
        "A versão {number} nunca esteve em vigor. Use `activateTariffVersion` para ativar essa versão.",
        "La versión {number} nunca estuvo en vigor. Use `activateTariffVersion` para activarla.",
    ),
    (
        "Rates such as prefix {prefix} have a price in the band \"{name}\". Keep the band, or remove these prices first.",
        "Há preços na faixa \"{name}\", por exemplo do prefixo {prefix}. Mantenha a faixa, ou primeiro remova esses preços.",
        "Hay precios en la franja \"{name}\", por ejemplo del prefijo {prefix}. Mantenga la franja, o primero quite esos precios.",
    ),
    (
        "The versions have prices in {from} and {to}. Compare versions in one currency.",
        "As versões têm preços em {from} e {to}. Compare versões na mesma moeda.",
        "Las versiones tienen precios en {from} y {to}. Compare versiones en una misma moneda.",
    ),
    (
        "The rows have {days} dates. One import can make at most {max} versions. Import the file for single dates with `effective_on`.",
        "As linhas têm {days} datas. No máximo {max} versões podem ser criadas de uma vez. Importe o arquivo para datas únicas com `effective_on`.",
        "Las filas tienen {days} fechas. Se pueden crear como máximo {max} versiones a la vez. Importe el archivo para fechas únicas con `effective_on`.",
    ),
    (
        "All versions together would have more than {max} rates. Import the file for single dates with `effective_on`.",
        "Todas as versões juntas teriam mais de {max} preços. Importe o arquivo para datas únicas com `effective_on`.",
        "Todas las versiones juntas tendrían más de {max} precios. Importe el archivo para fechas únicas con `effective_on`.",
    ),
    ("The tariff has no such version.", "A tarifa não tem essa versão.", "La tarifa no tiene esa versión."),
    (
        "`at` must be in the future, or null for now.",
        "A hora precisa estar no futuro. Deixe vazio para agora.",
        "La hora debe estar en el futuro. Déjela vacía para ahora.",
    ),
    (
        "Only a callshop can have a RETAIL tariff.",
        "Só uma loja pode ter uma tarifa de venda.",
        "Solo una tienda puede tener una tarifa de venta.",
    ),
    (
        "The tariff must belong to the account's parent or to the platform.",
        "A tarifa precisa ser da conta acima ou da plataforma.",
        "La tarifa debe ser de la cuenta superior o de la plataforma.",
    ),
    (
        "The account uses {account}, but the tariff uses {tariff}.",
        "A conta usa {account}, mas a tarifa usa {tariff}. Escolha uma tarifa na moeda da conta.",
        "La cuenta usa {account}, pero la tarifa usa {tariff}. Elija una tarifa en la moneda de la cuenta.",
    ),
    (
        "A callshop cannot own tariffs; its parent assigns them.",
        "Uma loja não pode ter tarifas próprias. A conta acima atribui as tarifas.",
        "Una tienda no puede tener tarifas propias. La cuenta superior las asigna.",
    ),
    (
        "`holidays` can have at most {max} dates.",
        "Pode haver no máximo {max} feriados.",
        "Puede haber como máximo {max} feriados.",
    ),
    (
        "`roundingDecimals` must be between 0 and 6.",
        "O arredondamento precisa ter de 0 a 6 casas decimais.",
        "El redondeo debe tener de 0 a 6 decimales.",
    ),
    (
        "Give exactly one of `tariffId` and `callshopId`.",
        "Informe `tariffId` ou `callshopId`, e não os dois.",
        "Indique `tariffId` o `callshopId`, pero no ambos.",
    ),
    (
        "At most {max} prefixes can be blocked. Block fewer, shorter prefixes.",
        "No máximo {max} prefixos podem ser bloqueados. Bloqueie menos prefixos, mais curtos.",
        "Se pueden bloquear como máximo {max} prefijos. Bloquee menos prefijos, más cortos.",
    ),
    ("The file has no rates.", "O arquivo não tem preços.", "El archivo no tiene precios."),
    (
        "Nothing was imported. Errors in the file: {errors}. See `problems`.",
        "Nada foi importado. Erros no arquivo: {errors}. Corrija os erros da lista e importe de novo.",
        "No se importó nada. Errores en el archivo: {errors}. Corrija los errores de la lista e importe de nuevo.",
    ),
    (
        "Nothing was imported. The file can be read in more than one way. Use `mapping` to answer the `questions`.",
        "Nada foi importado. O arquivo pode ser lido de mais de um modo. Responda às perguntas de `questions` em `mapping`.",
        "No se importó nada. El archivo se puede leer de más de un modo. Responda las preguntas de `questions` en `mapping`.",
    ),
    (
        "The rows have several dates. Choose the date of this version, and import the file once for each date.",
        "As linhas têm várias datas. Escolha a data desta versão, e importe o arquivo uma vez para cada data.",
        "Las filas tienen varias fechas. Elija la fecha de esta versión, e importe el archivo una vez por cada fecha.",
    ),
    (
        "The mapping cannot be read: {error}. See the documentation of mappings.",
        "O mapeamento não pode ser lido: {error}. Consulte a documentação dos mapeamentos.",
        "El mapeo no se puede leer: {error}. Consulte la documentación de los mapeos.",
    ),
    ("Use at most {max} bytes.", "Use no máximo {max} bytes.", "Use como máximo {max} bytes."),
    (
        "The tariff has no band \"{name}\". The tariff's bands are: {bands}.",
        "A tarifa não tem a faixa \"{name}\". As faixas da tarifa são: {bands}.",
        "La tarifa no tiene la franja \"{name}\". Las franjas de la tarifa son: {bands}.",
    ),
    (
        "The deck has prices for {shown}, which is not a band of the tariff. Choose the band, or add it to the tariff first.",
        "A lista tem preços para {shown}, que não é uma faixa da tarifa. Escolha a faixa, ou acrescente-a antes à tarifa.",
        "La lista tiene precios para {shown}, que no es una franja de la tarifa. Elija la franja, o añádala antes a la tarifa.",
    ),
    (
        "The deck has prices for {shown}, which are not bands of the tariff. Choose the bands, or add them to the tariff first.",
        "A lista tem preços para {shown}, que não são faixas da tarifa. Escolha as faixas, ou acrescente-as antes à tarifa.",
        "La lista tiene precios para {shown}, que no son franjas de la tarifa. Elija las franjas, o añádalas antes a la tarifa.",
    ),
    (
        "The tariff has no band \"{name}\".",
        "A tarifa não tem a faixa \"{name}\".",
        "La tarifa no tiene la franja \"{name}\".",
    ),
    ("The prefix is given twice.", "O prefixo aparece duas vezes.", "El prefijo aparece dos veces."),
    (
        "The base version has no rate with this prefix.",
        "A versão de base não tem preço com este prefixo.",
        "La versión de base no tiene precio con este prefijo.",
    ),
    (
        "`{field}` must have 1 to {max} entries.",
        "`{field}` precisa ter de 1 a {max} entradas.",
        "`{field}` debe tener de 1 a {max} entradas.",
    ),
    (
        "The prefix is empty; enter 1 to 15 digits.",
        "O prefixo está vazio. Informe de 1 a 15 dígitos.",
        "El prefijo está vacío. Indique de 1 a 15 dígitos.",
    ),
    (
        "A prefix must be digits only.",
        "Um prefixo só pode ter dígitos.",
        "Un prefijo solo puede tener dígitos.",
    ),
    (
        "A prefix must begin with a country code, which never begins with 0.",
        "Um prefixo precisa começar com o código de um país, que nunca começa com 0.",
        "Un prefijo debe empezar con el código de un país, que nunca empieza con 0.",
    ),
    ("A price must not be negative.", "Um preço não pode ser negativo.", "Un precio no puede ser negativo."),
    (
        "The destination is empty; enter a name.",
        "O destino está vazio. Informe um nome.",
        "El destino está vacío. Indique un nombre.",
    ),
    (
        "Give the band at least one weekday, or holidays.",
        "Dê à faixa um dia da semana ou feriados.",
        "Asigne a la franja un día de la semana o feriados.",
    ),
    ("Two bands have the same name.", "Duas faixas têm o mesmo nome.", "Dos franjas tienen el mismo nombre."),
    // reports
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
