//! Sentences about tariffs.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
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
];
