//! Sentences about imports of rate decks, saved mappings and derived tariffs.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "`effectiveAt` must be in the future, or null for a draft.",
        "`effectiveAt` precisa estar no futuro, ou ser nulo para um rascunho.",
        "`effectiveAt` debe estar en el futuro, o ser nulo para un borrador.",
    ),
    (
        "With `byDate`, the dates in the file decide when versions take effect. Leave `effectiveAt` out.",
        "Com `byDate`, valem as datas do arquivo. Omita `effectiveAt`.",
        "Con `byDate`, valen las fechas del archivo. Omita `effectiveAt`.",
    ),
    (
        "With `byDate`, the dates in the file decide when versions take effect. Leave `takeEffect` out.",
        "Com `byDate`, valem as datas do arquivo. Omita `takeEffect`.",
        "Con `byDate`, valen las fechas del archivo. Omita `takeEffect`.",
    ),
    (
        "With `takeEffect: AT`, give `effectiveAt`.",
        "Com `takeEffect: AT`, informe `effectiveAt`.",
        "Con `takeEffect: AT`, indique `effectiveAt`.",
    ),
    (
        "`effectiveAt` contradicts `takeEffect`. Leave one of them out, or set `takeEffect` to AT.",
        "`effectiveAt` contradiz `takeEffect`. Omita um dos dois, ou use AT em `takeEffect`.",
        "`effectiveAt` contradice `takeEffect`. Omita uno de los dos, o use AT en `takeEffect`.",
    ),
    (
        "The tariff has {max} imports that have not ended. Cancel one of them first.",
        "A tarifa tem {max} importações que não terminaram. Cancele uma delas primeiro.",
        "La tarifa tiene {max} importaciones que no han terminado. Cancele una de ellas primero.",
    ),
    (
        "The account of the tariff has no such mapping.",
        "A conta da tarifa não tem esse mapeamento.",
        "La cuenta de la tarifa no tiene ese mapeo.",
    ),
    (
        "The import has no open question.",
        "A importação não tem nenhuma pergunta aberta.",
        "La importación no tiene ninguna pregunta abierta.",
    ),
    (
        "Only an import whose dry run succeeded can be started.",
        "Só uma importação cuja simulação deu certo pode ser iniciada.",
        "Solo se puede iniciar una importación cuya simulación tuvo éxito.",
    ),
    (
        "The server no longer has the file. Create another import, and upload the file again.",
        "O servidor não tem mais o arquivo. Crie outra importação e envie o arquivo de novo.",
        "El servidor ya no tiene el archivo. Cree otra importación y envíe el archivo de nuevo.",
    ),
    ("The import has ended.", "A importação já terminou.", "La importación ya terminó."),
    ("The import was canceled.", "A importação foi cancelada.", "La importación fue cancelada."),
    (
        "The file has more than {max} bytes.",
        "O arquivo tem mais de {max} bytes.",
        "El archivo tiene más de {max} bytes.",
    ),
    (
        "The import does not wait for a file.",
        "A importação não espera nenhum arquivo.",
        "La importación no espera ningún archivo.",
    ),
    (
        "`sha256` must have {digits} hexadecimal digits.",
        "`sha256` precisa ter {digits} dígitos hexadecimais.",
        "`sha256` debe tener {digits} dígitos hexadecimales.",
    ),
    (
        "This is not the file that `sha256` names. Upload that file, or create another import.",
        "Este não é o arquivo que `sha256` indica. Envie esse arquivo, ou crie outra importação.",
        "Este no es el archivo que `sha256` indica. Envíe ese archivo, o cree otra importación.",
    ),
    (
        "The file did not arrive in time. Upload it again.",
        "O arquivo não chegou a tempo. Envie o arquivo de novo.",
        "El archivo no llegó a tiempo. Envíelo de nuevo.",
    ),
    (
        "The connection was lost before the end of the file. Upload it again.",
        "A conexão caiu antes do fim do arquivo. Envie o arquivo de novo.",
        "La conexión se perdió antes del final del archivo. Envíelo de nuevo.",
    ),
    (
        "The login or API token that created the import has ended. Import the file again.",
        "O login ou o token de API que criou a importação terminou. Importe o arquivo de novo.",
        "El inicio de sesión o el token de API que creó la importación terminó. Importe el archivo de nuevo.",
    ),
    (
        "The login or API token that started the import has ended. Start the import again.",
        "O login ou o token de API que iniciou a importação terminou. Inicie a importação de novo.",
        "El inicio de sesión o el token de API que inició la importación terminó. Inicie la importación de nuevo.",
    ),
    ("The tariff no longer exists.", "A tarifa não existe mais.", "La tarifa ya no existe."),
    (
        "The server could not finish the import. Import the file again.",
        "O servidor não conseguiu terminar a importação. Importe o arquivo de novo.",
        "El servidor no pudo terminar la importación. Importe el archivo de nuevo.",
    ),
    (
        "The server could not finish the import. Start the import again.",
        "O servidor não conseguiu terminar a importação. Inicie a importação de novo.",
        "El servidor no pudo terminar la importación. Inicie la importación de nuevo.",
    ),
    (
        "The time for the upload or the answer is over. Create a new import.",
        "O prazo do envio ou da resposta acabou. Crie uma nova importação.",
        "El plazo del envío o de la respuesta terminó. Cree una nueva importación.",
    ),
    (
        "An account can have at most {max} mappings.",
        "Uma conta pode ter no máximo {max} mapeamentos.",
        "Una cuenta puede tener como máximo {max} mapeos.",
    ),
    (
        "There is no mapping with the name \"{name}\".",
        "Não há mapeamento com o nome \"{name}\".",
        "No hay ningún mapeo con el nombre \"{name}\".",
    ),
    (
        "`percent` must be between -100 and 10000.",
        "`percent` deve estar entre -100 e 10000.",
        "`percent` debe estar entre -100 y 10000.",
    ),
    (
        "`addition` is out of range.",
        "`addition` está fora dos limites.",
        "`addition` está fuera de los límites.",
    ),
    (
        "`minimumMargin` must not be negative or above the highest price.",
        "`minimumMargin` não pode ser negativo nem maior que o preço mais alto.",
        "`minimumMargin` no puede ser negativo ni mayor que el precio más alto.",
    ),
    (
        "`priceEnding` must be above 0 and below 1000, such as 0.09. To round prices up to cents, use `priceStep`.",
        "`priceEnding` deve ser maior que 0 e menor que 1000, como 0.09. Para arredondar os preços aos centavos, use `priceStep`.",
        "`priceEnding` debe ser mayor que 0 y menor que 1000, como 0.09. Para redondear los precios a centavos, use `priceStep`.",
    ),
    (
        "`priceStep` must be above 0 and below 1000, such as 0.01.",
        "`priceStep` deve ser maior que 0 e menor que 1000, como 0.01.",
        "`priceStep` debe ser mayor que 0 y menor que 1000, como 0.01.",
    ),
    (
        "Give either `priceEnding` or `priceStep`.",
        "Informe `priceEnding` ou `priceStep`.",
        "Indique `priceEnding` o `priceStep`.",
    ),
    ("Give either `tariffId` or `name`.", "Informe `tariffId` ou `name`.", "Indique `tariffId` o `name`."),
    (
        "Give either `source.tariffId` or `source.ownCost`.",
        "Informe `source.tariffId` ou `source.ownCost`.",
        "Indique `source.tariffId` o `source.ownCost`.",
    ),
    (
        "An account can have at most {max} derived tariffs.",
        "Uma conta pode ter no máximo {max} tarifas derivadas.",
        "Una cuenta puede tener como máximo {max} tarifas derivadas.",
    ),
    (
        "The owner of the tariff has no such tariff.",
        "O dono da tarifa não tem essa tarifa.",
        "El dueño de la tarifa no tiene esa tarifa.",
    ),
    (
        "The platform pays nobody, so it has no cost. Give `source.tariffId`.",
        "A plataforma não paga a ninguém, portanto não tem custo. Informe `source.tariffId`.",
        "La plataforma no paga a nadie, por lo que no tiene costo. Indique `source.tariffId`.",
    ),
    (
        "The account has no cost tariff. Its parent assigns one with `assignTariff`.",
        "A conta não tem tarifa de custo. A conta superior atribui uma com `assignTariff`.",
        "La cuenta no tiene tarifa de costo. La cuenta superior asigna una con `assignTariff`.",
    ),
    (
        "The source has prices in {source}, and the tariff in {derived}. Derive a tariff in the currency of its source.",
        "A origem tem preços em {source}, e a tarifa em {derived}. Derive uma tarifa na moeda da origem.",
        "El origen tiene precios en {source}, y la tarifa en {derived}. Derive una tarifa en la moneda de su origen.",
    ),
    (
        "The source is the tariff itself or is derived from it. Choose another source.",
        "A origem é a própria tarifa ou deriva dela. Escolha outra origem.",
        "El origen es la propia tarifa o deriva de ella. Elija otro origen.",
    ),
    (
        "A chain can have at most {max} derived tariffs. Choose a source nearer to the first tariff.",
        "No máximo {max} tarifas podem derivar uma da outra. Escolha uma origem mais próxima da primeira tarifa.",
        "Como máximo {max} tarifas pueden derivar una de otra. Elija un origen más cercano a la primera tarifa.",
    ),
    (
        "The server could not derive the tariff. It tries again in a moment.",
        "O servidor não conseguiu derivar a tarifa. Ele tentará de novo em instantes.",
        "El servidor no pudo derivar la tarifa. Lo intentará de nuevo en un momento.",
    ),
    (
        "Prefix {prefix}: {error} Change the rule, or the rate of the source.",
        "Prefixo {prefix}: {error} Mude a regra ou a tarifa da origem.",
        "Prefijo {prefix}: {error} Cambie la regla o la tarifa del origen.",
    ),
    ("`after` must not be negative.", "`after` não pode ser negativo.", "`after` no puede ser negativo."),
];
