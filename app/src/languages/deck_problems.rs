//! The problems in rate decks, and their remedies. The English sentences are in the code that reads decks (`billing/src/carrier_deck/`,
//! `billing/src/deck/` and `billing/src/tariff.rs`).

use super::Sentence;

/// Problems in decks of carriers.
pub(super) const PROBLEMS: &[Sentence] = &[
    (
        "The country code must consist of digits.",
        "O código do país precisa ser formado por dígitos.",
        "El código de país debe estar formado por dígitos.",
    ),
    ("The row has no code.", "A linha não tem código.", "La fila no tiene código."),
    (
        "An exception does not begin with its code.",
        "Uma exceção não começa com o seu código.",
        "Una excepción no empieza con su código.",
    ),
    (
        "The spreadsheet changed this code to a date.",
        "A planilha transformou este código em uma data.",
        "La hoja de cálculo convirtió este código en una fecha.",
    ),
    (
        "The spreadsheet rounded this code.",
        "A planilha arredondou este código.",
        "La hoja de cálculo redondeó este código.",
    ),
    (
        "A code must not have a decimal point.",
        "Um código não pode ter ponto decimal.",
        "Un código no puede tener punto decimal.",
    ),
    ("The cell has too many codes.", "A célula tem códigos demais.", "La celda tiene demasiados códigos."),
    ("The code has no digits.", "O código não tem dígitos.", "El código no tiene dígitos."),
    (
        "It is unclear whether the code begins with the country code of the preceding code.",
        "Não está claro se o código começa com o código do país do código anterior.",
        "No está claro si el código empieza con el código de país del código anterior.",
    ),
    (
        "The code must consist of digits.",
        "O código precisa ser formado por dígitos.",
        "El código debe estar formado por dígitos.",
    ),
    (
        "Both ends of a range must have the same number of digits, and the second end must be higher.",
        "Os dois extremos de um intervalo precisam ter o mesmo número de dígitos, e o segundo precisa ser maior.",
        "Los dos extremos de un rango deben tener el mismo número de dígitos, y el segundo debe ser mayor.",
    ),
    (
        "The range has too many codes.",
        "O intervalo tem códigos demais.",
        "El rango tiene demasiados códigos.",
    ),
    ("No column has codes.", "Nenhuma coluna tem códigos.", "Ninguna columna tiene códigos."),
    ("No column has prices.", "Nenhuma coluna tem preços.", "Ninguna columna tiene precios."),
    ("The cell is not a date.", "A célula não é uma data.", "La celda no es una fecha."),
    (
        "In this deck's order of day and month, this date does not exist.",
        "Na ordem de dia e mês deste arquivo, esta data não existe.",
        "En el orden de día y mes de este archivo, esta fecha no existe.",
    ),
    (
        "No line follows the header.",
        "Nenhuma linha vem depois do cabeçalho.",
        "No hay ninguna línea después del encabezado.",
    ),
    (
        "The deck's prices are in {found}, but the tariff's are in {wanted}.",
        "Os preços do arquivo estão em {found}, mas os da tarifa estão em {wanted}.",
        "Los precios del archivo están en {found}, pero los de la tarifa están en {wanted}.",
    ),
    (
        "The workbook has no visible sheet {sheet}.",
        "A pasta de trabalho não tem a planilha visível {sheet}.",
        "El libro no tiene la hoja visible {sheet}.",
    ),
    (
        "No sheet has columns with codes and prices.",
        "Nenhuma planilha tem colunas com códigos e preços.",
        "Ninguna hoja tiene columnas con códigos y precios.",
    ),
    ("This line has no cells.", "Esta linha não tem células.", "Esta línea no tiene celdas."),
    (
        "No line has the names of columns with codes and prices, and no line has a code and a price.",
        "Nenhuma linha tem os nomes das colunas de códigos e preços, e nenhuma linha tem um código e um preço.",
        "Ninguna línea tiene los nombres de las columnas de códigos y precios, y ninguna línea tiene un código y un precio.",
    ),
    (
        "A line above or below the rates mentions a smaller unit of the currency.",
        "Uma linha acima ou abaixo dos preços fala de uma unidade menor da moeda.",
        "Una línea encima o debajo de los precios habla de una unidad menor de la moneda.",
    ),
    (
        "The prices are very low for prices in a smaller unit.",
        "Os preços são muito baixos para preços em uma unidade menor.",
        "Los precios son muy bajos para precios en una unidad menor.",
    ),
    (
        "The cell does not contain one, two or three numbers of seconds.",
        "A célula não contém um, dois ou três números de segundos.",
        "La celda no contiene uno, dos o tres números de segundos.",
    ),
    (
        "The spreadsheet changed these increments to a date.",
        "A planilha transformou estes incrementos em uma data.",
        "La hoja de cálculo convirtió estos incrementos en una fecha.",
    ),
    (
        "{role} is not a known column role.",
        "{role} não é uma função de coluna conhecida.",
        "{role} no es una función de columna conocida.",
    ),
    (
        "A list in the mapping has more than {max} entries.",
        "Uma lista do mapeamento tem mais de {max} itens.",
        "Una lista del mapeo tiene más de {max} elementos.",
    ),
    (
        "A text in the mapping has more than {max} characters.",
        "Um texto do mapeamento tem mais de {max} caracteres.",
        "Un texto del mapeo tiene más de {max} caracteres.",
    ),
    (
        "A text in the mapping contains a NUL character.",
        "Um texto do mapeamento contém um caractere NUL.",
        "Un texto del mapeo contiene un carácter NUL.",
    ),
    (
        "At most seven digits can be put before every code.",
        "No máximo sete dígitos podem ser colocados antes de cada código.",
        "Como máximo se pueden poner siete dígitos antes de cada código.",
    ),
    (
        "The change of the prices must be between -9999 and 100000 hundredths of a percent.",
        "A mudança dos preços precisa ficar entre -9999 e 100000 centésimos de um por cento.",
        "El cambio de los precios debe estar entre -9999 y 100000 centésimas de un por ciento.",
    ),
    (
        "An increment must be between 1 and {max} seconds.",
        "Um incremento precisa ficar entre 1 e {max} segundos.",
        "Un incremento debe estar entre 1 y {max} segundos.",
    ),
    (
        "A band's name is invalid.",
        "O nome de uma faixa não é válido.",
        "El nombre de una franja no es válido.",
    ),
    (
        "The file has no column {column}, which the mapping names.",
        "O arquivo não tem a coluna {column}, que o mapeamento indica.",
        "El archivo no tiene la columna {column}, que el mapeo indica.",
    ),
    (
        "A cell on this line has more than {max} bytes.",
        "Uma célula desta linha tem mais de {max} bytes.",
        "Una celda de esta línea tiene más de {max} bytes.",
    ),
    (
        "The spreadsheet stores this price as a date.",
        "A planilha guarda este preço como data.",
        "La hoja de cálculo guarda este precio como fecha.",
    ),
    ("The cell is not a number.", "A célula não é um número.", "La celda no es un número."),
    (
        "The number uses different decimal or thousands marks than the rest of the deck.",
        "O número usa separadores decimais ou de milhar diferentes do resto do arquivo.",
        "El número usa separadores decimales o de miles distintos del resto del archivo.",
    ),
    (
        "The deck has more than {max} codes.",
        "O arquivo tem mais de {max} códigos.",
        "El archivo tiene más de {max} códigos.",
    ),
    (
        "No row has a code and a price.",
        "Nenhuma linha tem um código e um preço.",
        "Ninguna fila tiene un código y un precio.",
    ),
    (
        "Each row was set aside, for these reasons: {reasons}.",
        "Todas as linhas foram deixadas de lado, por estes motivos: {reasons}.",
        "Todas las filas se dejaron de lado, por estos motivos: {reasons}.",
    ),
    (
        "The row has neither a code nor a price, so it is left out.",
        "A linha não tem código nem preço, portanto é deixada de fora.",
        "La fila no tiene código ni precio, así que se deja fuera.",
    ),
    (
        "The price is in {found}, but the tariff's prices are in {wanted}.",
        "O preço está em {found}, mas os preços da tarifa estão em {wanted}.",
        "El precio está en {found}, pero los precios de la tarifa están en {wanted}.",
    ),
    ("The currency is unknown.", "A moeda é desconhecida.", "La moneda es desconocida."),
    (
        "The deck has prices in several currencies.",
        "O arquivo tem preços em várias moedas.",
        "El archivo tiene precios en varias monedas.",
    ),
    ("The price is missing.", "Falta o preço.", "Falta el precio."),
    (
        "The price is in the smaller unit of the currency, but other prices are not.",
        "O preço está na unidade menor da moeda, mas outros preços não estão.",
        "El precio está en la unidad menor de la moneda, pero otros precios no.",
    ),
    (
        "The unit of the price is unknown.",
        "A unidade do preço é desconhecida.",
        "La unidad del precio es desconocida.",
    ),
    (
        "The line may name a fee for some calls, which is left out.",
        "A linha talvez indique uma taxa para algumas chamadas, que é deixada de fora.",
        "La línea quizá indique un cargo para algunas llamadas, que se deja fuera.",
    ),
    (
        "The surcharge depends on the caller's number, so it is left out.",
        "O acréscimo depende do número de quem liga, portanto é deixado de fora.",
        "El recargo depende del número de quien llama, así que se deja fuera.",
    ),
    (
        "Code {prefix} has two prices for the same time.",
        "O código {prefix} tem dois preços para o mesmo horário.",
        "El código {prefix} tiene dos precios para el mismo horario.",
    ),
    (
        "Code {prefix} has a price for one part of the week, but none for the rest.",
        "O código {prefix} tem preço para uma parte da semana, mas não para o resto.",
        "El código {prefix} tiene precio para una parte de la semana, pero no para el resto.",
    ),
    (
        "{rows} rows are left out, because their prices ended in the past.",
        "Linhas deixadas de fora porque os preços delas já terminaram: {rows}.",
        "Filas que se dejan fuera porque sus precios ya terminaron: {rows}.",
    ),
    ("The status is unknown.", "O status é desconhecido.", "El estado es desconocido."),
    (
        "The remark may say that the code is removed or blocked, but the row is read as a price.",
        "A observação talvez diga que o código é removido ou bloqueado, mas a linha é lida como preço.",
        "La observación quizá diga que el código se quita o se bloquea, pero la fila se lee como precio.",
    ),
    (
        "The increment is not a number of seconds between 1 and 86400.",
        "O incremento não é um número de segundos entre 1 e 86400.",
        "El incremento no es un número de segundos entre 1 y 86400.",
    ),
    (
        "The cell is not a number of seconds.",
        "A célula não é um número de segundos.",
        "La celda no es un número de segundos.",
    ),
    (
        "The file is an old Excel workbook or a PDF.",
        "O arquivo é uma pasta de trabalho antiga do Excel ou um PDF.",
        "El archivo es un libro antiguo de Excel o un PDF.",
    ),
    (
        "The file has more than {max} bytes.",
        "O arquivo tem mais de {max} bytes.",
        "El archivo tiene más de {max} bytes.",
    ),
    (
        "The file cannot be decompressed: {error}.",
        "O arquivo não pode ser descompactado: {error}.",
        "El archivo no se puede descomprimir: {error}.",
    ),
    (
        "A delimiter must be one ASCII character.",
        "Um separador precisa ser um único caractere ASCII.",
        "Un separador debe ser un único carácter ASCII.",
    ),
    (
        "The file has more than {max} rows.",
        "O arquivo tem mais de {max} linhas.",
        "El archivo tiene más de {max} filas.",
    ),
    (
        "The row has more than {max} cells.",
        "A linha tem mais de {max} células.",
        "La fila tiene más de {max} celdas.",
    ),
    (
        "A quote is opened on this line and never closed.",
        "Uma aspa é aberta nesta linha e nunca é fechada.",
        "Una comilla se abre en esta línea y nunca se cierra.",
    ),
    (
        "No encoding has the name {name}.",
        "Nenhuma codificação tem o nome {name}.",
        "Ninguna codificación tiene el nombre {name}.",
    ),
    (
        "The price of code {code} is far above the other prices.",
        "O preço do código {code} está muito acima dos outros preços.",
        "El precio del código {code} está muy por encima de los demás precios.",
    ),
    ("The price of code {code} is 0.", "O preço do código {code} é 0.", "El precio del código {code} es 0."),
    (
        "The deck's latest date is {date}, more than {days} days ago.",
        "A data mais recente do arquivo é {date}, há mais de {days} dias.",
        "La fecha más reciente del archivo es {date}, hace más de {days} días.",
    ),
    (
        "The prices apply from {date}, which is in the future.",
        "Os preços valem a partir de {date}, que está no futuro.",
        "Los precios se aplican desde {date}, que está en el futuro.",
    ),
    (
        "Until the date of code {code}, calls to this code have the price of a shorter, cheaper code.",
        "Até a data do código {code}, as chamadas para este código têm o preço de um código mais curto e mais barato.",
        "Hasta la fecha del código {code}, las llamadas a este código tienen el precio de un código más corto y más barato.",
    ),
    (
        "Code {code} is withdrawn or blocked, so its calls get the price of a shorter code.",
        "O código {code} é retirado ou bloqueado, portanto as chamadas dele têm o preço de um código mais curto.",
        "El código {code} se retira o se bloquea, así que sus llamadas tienen el precio de un código más corto.",
    ),
    (
        "The workbook cannot be read: {why}.",
        "A pasta de trabalho não pode ser lida: {why}.",
        "El libro no se puede leer: {why}.",
    ),
    (
        "The workbook is too large when it is decompressed.",
        "A pasta de trabalho fica grande demais quando é descompactada.",
        "El libro es demasiado grande cuando se descomprime.",
    ),
    (
        "The prices of {codes} codes end on {day}.",
        "Os preços de {codes} códigos terminam em {day}.",
        "Los precios de {codes} códigos terminan el {day}.",
    ),
    (
        "{codes} codes have prices that are at least ten times as high or as low as the prices in force.",
        "{codes} códigos têm preços pelo menos dez vezes maiores ou menores que os preços em vigor.",
        "{codes} códigos tienen precios al menos diez veces mayores o menores que los precios vigentes.",
    ),
    (
        "The workbook has too many rows.",
        "A pasta de trabalho tem linhas demais.",
        "El libro tiene demasiadas filas.",
    ),
    (
        "A fee must be between 0 and {max} millionths of the currency.",
        "Uma taxa deve estar entre 0 e {max} milionésimos da moeda.",
        "Un cargo debe estar entre 0 y {max} millonésimas de la moneda.",
    ),
];
