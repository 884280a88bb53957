//! The reasons for guesses about carriers' rate decks. The English sentences are in the code that guesses (`billing/src/carrier_deck/`).

use super::Sentence;

pub(super) const REASONS: &[Sentence] = &[
    (
        "The column's name or the mapping says so.",
        "O nome da coluna ou o mapeamento indica isso.",
        "Lo indica el nombre de la columna o el mapeo.",
    ),
    (
        "The column's contents have this form.",
        "O conteúdo da coluna tem esta forma.",
        "El contenido de la columna tiene esta forma.",
    ),
    (
        "A tariff does not need these columns.",
        "Uma tarifa não precisa destas colunas.",
        "Una tarifa no necesita estas columnas.",
    ),
    ("It has only country codes.", "Ela só tem códigos de país.", "Solo tiene códigos de país."),
    (
        "Its codes follow those of the column with country codes.",
        "Os códigos dela vêm depois dos códigos da coluna de países.",
        "Sus códigos siguen a los de la columna con códigos de país.",
    ),
    (
        "Its digits distinguish the rows of a country.",
        "Os dígitos dela distinguem as linhas de um país.",
        "Sus dígitos distinguen las filas de un país.",
    ),
    ("Only this column has codes.", "Só esta coluna tem códigos.", "Solo esta columna tiene códigos."),
    (
        "Each of its texts stands for one country code.",
        "Cada texto dela corresponde a um código de país.",
        "Cada uno de sus textos corresponde a un código de país.",
    ),
    (
        "Its cells say which codes are for fixed lines and which for mobile phones.",
        "As células dela dizem quais códigos são de linhas fixas e quais são de celulares.",
        "Sus celdas indican qué códigos son de líneas fijas y cuáles de móviles.",
    ),
    (
        "No other column has the names of the destinations.",
        "Nenhuma outra coluna tem os nomes dos destinos.",
        "Ninguna otra columna tiene los nombres de los destinos.",
    ),
    ("It has the prices with taxes.", "Ela tem os preços com impostos.", "Tiene los precios con impuestos."),
    (
        "It has the same number in all rows.",
        "Ela tem o mesmo número em todas as linhas.",
        "Tiene el mismo número en todas las filas.",
    ),
    (
        "It has the same prices for another unit of time.",
        "Ela tem os mesmos preços para outra unidade de tempo.",
        "Tiene los mismos precios para otra unidad de tiempo.",
    ),
    (
        "It repeats the prices of another column.",
        "Ela repete os preços de outra coluna.",
        "Repite los precios de otra columna.",
    ),
    (
        "Its prices are those of the standard time.",
        "Os preços dela são os do horário normal.",
        "Sus precios son los del horario normal.",
    ),
    (
        "Its amounts are 0 in most rows, so they are no prices.",
        "Os valores dela são 0 na maioria das linhas, portanto não são preços.",
        "Sus importes son 0 en la mayoría de las filas, así que no son precios.",
    ),
    ("Only this column has amounts.", "Só esta coluna tem valores.", "Solo esta columna tiene importes."),
    (
        "Its numbers are seconds, like those in the column of increments.",
        "Os números dela são segundos, como os da coluna de incrementos.",
        "Sus números son segundos, como los de la columna de incrementos.",
    ),
    (
        "Its cells look like increments.",
        "As células dela parecem incrementos.",
        "Sus celdas parecen incrementos.",
    ),
    ("Only this column has dates.", "Só esta coluna tem datas.", "Solo esta columna tiene fechas."),
    (
        "Its cells say which codes are removed or blocked.",
        "As células dela dizem quais códigos são removidos ou bloqueados.",
        "Sus celdas indican qué códigos se quitan o se bloquean.",
    ),
    (
        "Its cells name the unit of time that the prices cover.",
        "As células dela indicam a unidade de tempo dos preços.",
        "Sus celdas indican la unidad de tiempo de los precios.",
    ),
    (
        "Its name mentions prices, and its cells name time units.",
        "O nome dela fala de preços, e as células indicam unidades de tempo.",
        "Su nombre habla de precios, y sus celdas indican unidades de tiempo.",
    ),
    (
        "Its cells name time units, and the prices have a unit.",
        "As células dela indicam unidades de tempo, e os preços já têm uma unidade.",
        "Sus celdas indican unidades de tiempo, y los precios ya tienen una unidad.",
    ),
    (
        "Its name mentions seconds, and its numbers are usual increments.",
        "O nome dela fala de segundos, e os números são incrementos usuais.",
        "Su nombre habla de segundos, y sus números son incrementos habituales.",
    ),
    (
        "It stands beside the column of increments, and its numbers are never less.",
        "Ela está ao lado da coluna de incrementos, e os números dela nunca são menores.",
        "Está junto a la columna de incrementos, y sus números nunca son menores.",
    ),
    (
        "It stands beside the first increments, and its numbers are never more.",
        "Ela está ao lado dos primeiros incrementos, e os números dela nunca são maiores.",
        "Está junto a los primeros incrementos, y sus números nunca son mayores.",
    ),
    (
        "Its numbers are the usual increments.",
        "Os números dela são os incrementos usuais.",
        "Sus números son los incrementos habituales.",
    ),
    (
        "Its increments are those of the standard time.",
        "Os incrementos dela são os do horário normal.",
        "Sus incrementos son los del horario normal.",
    ),
    (
        "Its words distinguish the rows without a price from the others.",
        "As palavras dela distinguem as linhas sem preço das outras.",
        "Sus palabras distinguen las filas sin precio de las demás.",
    ),
    (
        "The codes are North American area codes.",
        "Os códigos são códigos de área da América do Norte.",
        "Los códigos son códigos de área de América del Norte.",
    ),
    (
        "Only this country uses this name for its area codes.",
        "Só este país usa este nome para os seus códigos de área.",
        "Solo este país usa este nombre para sus códigos de área.",
    ),
    (
        "Some codes can be read in no other way.",
        "Alguns códigos não podem ser lidos de outra forma.",
        "Algunos códigos no pueden leerse de otra forma.",
    ),
    (
        "The names of the columns are repeated beside the first columns.",
        "Os nomes das colunas se repetem ao lado das primeiras colunas.",
        "Los nombres de las columnas se repiten junto a las primeras columnas.",
    ),
    (
        "One table has the prices, and another one in the sheet has their codes.",
        "Uma tabela tem os preços, e outra na mesma planilha tem os códigos deles.",
        "Una tabla tiene los precios, y otra de la misma hoja tiene sus códigos.",
    ),
    (
        "Some sections have the same columns in another order.",
        "Algumas partes têm as mesmas colunas em outra ordem.",
        "Algunas partes tienen las mismas columnas en otro orden.",
    ),
    (
        "The names of these columns differ only in their number.",
        "Os nomes destas colunas só diferem no número.",
        "Los nombres de estas columnas solo difieren en el número.",
    ),
    (
        "The names of the destinations contain their codes.",
        "Os nomes dos destinos contêm os códigos.",
        "Los nombres de los destinos contienen los códigos.",
    ),
    (
        "The titles above the rates contain country codes.",
        "Os títulos acima dos preços contêm códigos de país.",
        "Los títulos encima de los precios contienen códigos de país.",
    ),
    (
        "A line says with which digits the numbers with the second price begin.",
        "Uma linha diz com quais dígitos começam os números que têm o segundo preço.",
        "Una línea indica con qué dígitos empiezan los números que tienen el segundo precio.",
    ),
    (
        "One sheet has the prices of the destinations, and the other sheet has their codes.",
        "Uma planilha tem os preços dos destinos, e a outra tem os códigos deles.",
        "Una hoja tiene los precios de los destinos, y la otra tiene sus códigos.",
    ),
    (
        "These names have codes, but no price, so their codes are not offered.",
        "Estes nomes têm códigos, mas não têm preço, portanto os códigos não são oferecidos.",
        "Estos nombres tienen códigos, pero no precio, así que sus códigos no se ofrecen.",
    ),
    (
        "Prices whose mark can only be a decimal point: {point}. Prices whose mark can only be a decimal comma: {comma}.",
        "Preços cujo separador só pode ser ponto decimal: {point}. Preços cujo separador só pode ser vírgula decimal: {comma}.",
        "Precios cuyo separador solo puede ser punto decimal: {point}. Precios cuyo separador solo puede ser coma decimal: {comma}.",
    ),
    (
        "The file names the order of day and month.",
        "O arquivo indica a ordem do dia e do mês.",
        "El archivo indica el orden del día y del mes.",
    ),
    (
        "Only in this order are all dates near the day of the import.",
        "Só nesta ordem todas as datas ficam perto do dia da importação.",
        "Solo en este orden todas las fechas están cerca del día de la importación.",
    ),
    (
        "A date has a day over 12.",
        "Uma data tem um dia maior que 12.",
        "Una fecha tiene un día mayor que 12.",
    ),
    ("The mapping says so.", "O mapeamento indica isso.", "Lo indica el mapeo."),
    (
        "A line above or below the rates says from which day they apply.",
        "Uma linha acima ou abaixo dos preços diz a partir de que dia eles valem.",
        "Una línea encima o debajo de los precios indica desde qué día se aplican.",
    ),
    (
        "The header, a line above it, or a price names the currency.",
        "O cabeçalho, uma linha acima dele ou um preço indica a moeda.",
        "El encabezado, una línea encima de él o un precio indica la moneda.",
    ),
    (
        "Only this sheet has columns with codes and prices.",
        "Só esta planilha tem colunas com códigos e preços.",
        "Solo esta hoja tiene columnas con códigos y precios.",
    ),
    (
        "The line has the names of columns with codes and prices.",
        "A linha tem os nomes das colunas de códigos e preços.",
        "La línea tiene los nombres de las columnas de códigos y precios.",
    ),
    (
        "The line below has names too.",
        "A linha abaixo também tem nomes.",
        "La línea de abajo también tiene nombres.",
    ),
    (
        "No line has known column names.",
        "Nenhuma linha tem nomes de coluna conhecidos.",
        "Ninguna línea tiene nombres de columna conocidos.",
    ),
    (
        "This sheet has the increments of the destinations.",
        "Esta planilha tem os incrementos dos destinos.",
        "Esta hoja tiene los incrementos de los destinos.",
    ),
    ("The price's column says so.", "A coluna do preço indica isso.", "Lo indica la columna del precio."),
    (
        "A line above or below the rates says so.",
        "Uma linha acima ou abaixo dos preços indica isso.",
        "Lo indica una línea encima o debajo de los precios.",
    ),
    (
        "Nothing in the file says otherwise.",
        "Nada no arquivo indica o contrário.",
        "Nada en el archivo indica lo contrario.",
    ),
    (
        "The column with the unit of the prices says so.",
        "A coluna com a unidade dos preços indica isso.",
        "Lo indica la columna con la unidad de los precios.",
    ),
    ("The prices say so.", "Os preços indicam isso.", "Lo indican los precios."),
    (
        "These lines outside the rates were read, or change no price.",
        "Estas linhas fora dos preços foram lidas, ou não mudam nenhum preço.",
        "Estas líneas fuera de los precios se leyeron, o no cambian ningún precio.",
    ),
    (
        "No rates are read from these sheets.",
        "Nenhum preço é lido destas planilhas.",
        "No se lee ningún precio de estas hojas.",
    ),
    (
        "A line above or below the rates names them.",
        "Uma linha acima ou abaixo dos preços os indica.",
        "Los indica una línea encima o debajo de los precios.",
    ),
    (
        "A line above or below the rates explains it.",
        "Uma linha acima ou abaixo dos preços explica isso.",
        "Lo explica una línea encima o debajo de los precios.",
    ),
    (
        "Every row with this status has a last day.",
        "Todas as linhas com este status têm um último dia.",
        "Todas las filas con este estado tienen un último día.",
    ),
    (
        "Every row with this status has a price, and rows without a price have other statuses.",
        "Todas as linhas com este status têm preço, e as linhas sem preço têm outros status.",
        "Todas las filas con este estado tienen precio, y las filas sin precio tienen otros estados.",
    ),
    (
        "Every row with this status has a new price beside the old one.",
        "Todas as linhas com este status têm um preço novo ao lado do antigo.",
        "Todas las filas con este estado tienen un precio nuevo junto al anterior.",
    ),
    (
        "Other rows have words for higher or equal prices.",
        "Outras linhas têm palavras para preços maiores ou iguais.",
        "Otras filas tienen palabras para precios mayores o iguales.",
    ),
    (
        "Other rows have a word for removed codes.",
        "Outras linhas têm uma palavra para códigos removidos.",
        "Otras filas tienen una palabra para códigos quitados.",
    ),
    (
        "No row with this status has a price.",
        "Nenhuma linha com este status tem preço.",
        "Ninguna fila con este estado tiene precio.",
    ),
    (
        "A code with a text instead of a price is not offered.",
        "Um código com um texto no lugar do preço não é oferecido.",
        "Un código con un texto en lugar del precio no se ofrece.",
    ),
    (
        "{rows} rows have no increments. A mapping can set other increments.",
        "Linhas sem incrementos: {rows}. Um mapeamento pode definir outros incrementos.",
        "Filas sin incrementos: {rows}. Un mapeo puede definir otros incrementos.",
    ),
    (
        "The file begins like a gzip file.",
        "O arquivo começa como um arquivo gzip.",
        "El archivo empieza como un archivo gzip.",
    ),
    (
        "The file begins like a workbook.",
        "O arquivo começa como uma pasta de trabalho.",
        "El archivo empieza como un libro de cálculo.",
    ),
    ("The first line names it.", "A primeira linha o indica.", "Lo indica la primera línea."),
    (
        "The columns are separated by spaces at the same places in all lines.",
        "As colunas são separadas por espaços nos mesmos lugares em todas as linhas.",
        "Las columnas están separadas por espacios en los mismos lugares en todas las líneas.",
    ),
    (
        "With this delimiter, most lines have the same number of cells.",
        "Com este separador, a maioria das linhas tem o mesmo número de células.",
        "Con este separador, la mayoría de las líneas tiene el mismo número de celdas.",
    ),
    (
        "The file has a byte order mark.",
        "O arquivo tem uma marca de ordem de bytes.",
        "El archivo tiene una marca de orden de bytes.",
    ),
    (
        "Every second byte of the text is zero.",
        "Um em cada dois bytes do texto é zero.",
        "Uno de cada dos bytes del texto es cero.",
    ),
    ("The file is valid UTF-8.", "O arquivo é UTF-8 válido.", "El archivo es UTF-8 válido."),
    (
        "The file is not UTF-8, and it has Russian words in this encoding.",
        "O arquivo não está em UTF-8 e tem palavras russas nesta codificação.",
        "El archivo no está en UTF-8 y tiene palabras rusas en esta codificación.",
    ),
    (
        "The file is not UTF-8, and it has the frequent Chinese characters of this encoding.",
        "O arquivo não está em UTF-8 e tem os caracteres chineses frequentes desta codificação.",
        "El archivo no está en UTF-8 y tiene los caracteres chinos frecuentes de esta codificación.",
    ),
    (
        "The file is not UTF-8, and only in this encoding its words have no symbols between their letters.",
        "O arquivo não está em UTF-8, e só nesta codificação as palavras não têm símbolos entre as letras.",
        "El archivo no está en UTF-8, y solo en esta codificación sus palabras no tienen símbolos entre las letras.",
    ),
    (
        "The file is not UTF-8. ISO-8859-1 has the same letters.",
        "O arquivo não está em UTF-8. O ISO-8859-1 tem as mesmas letras.",
        "El archivo no está en UTF-8. ISO-8859-1 tiene las mismas letras.",
    ),
    (
        "It has the prices before a discount.",
        "Ela tem os preços antes de um desconto.",
        "Tiene los precios antes de un descuento.",
    ),
    (
        "It stands beside another column of usual increments.",
        "Ela está ao lado de outra coluna com incrementos usuais.",
        "Está al lado de otra columna con incrementos habituales.",
    ),
    (
        "Lines outside the table name the price of each zone.",
        "Linhas fora da tabela indicam o preço de cada zona.",
        "Hay líneas fuera de la tabla que indican el precio de cada zona.",
    ),
    (
        "The codes begin with 0, and the deck mentions only this country.",
        "Os códigos começam com 0, e o arquivo só menciona este país.",
        "Los códigos empiezan por 0, y el archivo solo menciona este país.",
    ),
    (
        "The file is not UTF-8, and in this encoding its columns have the most known names.",
        "O arquivo não é UTF-8, e nesta codificação mais colunas têm nomes conhecidos.",
        "El archivo no es UTF-8, y en esta codificación más columnas tienen nombres conocidos.",
    ),
    (
        "The rows below each destination have its codes.",
        "As linhas abaixo de cada destino têm os códigos dele.",
        "Las filas debajo de cada destino tienen sus códigos.",
    ),
    (
        "This section has surcharges that depend on the caller's number, which a tariff cannot have.",
        "Esta seção tem acréscimos que dependem do número de quem liga, e uma tarifa não pode ter isso.",
        "Esta sección tiene recargos que dependen del número que llama, y una tarifa no puede tenerlos.",
    ),
    (
        "The names of the columns are in a language in which the day comes first.",
        "Os nomes das colunas estão em um idioma em que o dia vem primeiro.",
        "Los nombres de las columnas están en un idioma en el que el día va primero.",
    ),
    (
        "A line above or below the rates names the country code.",
        "Uma linha acima ou abaixo dos preços diz o código do país.",
        "Una línea encima o debajo de los precios dice el código de país.",
    ),
    (
        "One column has codes, and another one has the digits that follow them.",
        "Uma coluna tem códigos, e outra tem os dígitos que vêm depois deles.",
        "Una columna tiene códigos, y otra tiene los dígitos que los siguen.",
    ),
    (
        "Two columns have the first and the last number of each block.",
        "Duas colunas têm o primeiro e o último número de cada bloco.",
        "Dos columnas tienen el primer y el último número de cada bloque.",
    ),
    (
        "The column's name lists letters for adding, deleting and updating.",
        "O nome da coluna lista letras para adicionar, excluir e atualizar.",
        "El nombre de la columna enumera letras para añadir, eliminar y actualizar.",
    ),
];
