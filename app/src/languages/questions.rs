//! The questions about carriers' rate decks, by their codes. The English texts of the questions are in the code that asks the questions
//! (`billing/src/carrier_deck/` and `tariffs/files.rs`).

use super::Sentence;

pub(super) const QUESTIONS: &[Sentence] = &[
    (
        "ENCODING",
        "O arquivo não está em UTF-8 e provavelmente não é da Europa Ocidental. Escolha a codificação.",
        "El archivo no está en UTF-8 y probablemente no es de Europa Occidental. Elija la codificación.",
    ),
    (
        "SHEET",
        "Não está claro qual planilha tem os preços. Escolha uma.",
        "No está claro qué hoja tiene los precios. Elija una.",
    ),
    (
        "DECIMAL_MARK",
        "Os preços não mostram se o separador decimal é vírgula ou ponto. Escolha o separador decimal.",
        "Los precios no muestran si el separador decimal es coma o punto. Elija el separador decimal.",
    ),
    (
        "DATE_ORDER",
        "As datas não mostram se o dia ou o mês vem primeiro. Escolha a ordem.",
        "Las fechas no muestran si primero va el día o el mes. Elija el orden.",
    ),
    (
        "PRICE_CENTS",
        "Os preços podem estar em centésimos da moeda. Escolha a unidade dos preços.",
        "Los precios pueden estar en centésimos de la moneda. Elija la unidad de los precios.",
    ),
    (
        "FEE_CENTS",
        "Os preços estão em centésimos da moeda, e as taxas são muito baixas. Escolha a unidade das taxas.",
        "Los precios están en centésimos de la moneda, y los cargos son muy bajos. Elija la unidad de los cargos.",
    ),
    (
        "PRICE_UNIT",
        "O arquivo não deixa claro a que tempo se referem os preços. Escolha o tempo a que um preço se refere.",
        "El archivo no deja claro a qué tiempo se refieren los precios. Elija el tiempo al que se refiere un precio.",
    ),
    (
        "NOTE_UNREAD",
        "Alguns textos do arquivo podem mudar preços, incrementos, datas ou códigos, mas não foram entendidos. Escolha o que significam.",
        "Algunos textos del archivo pueden cambiar precios, incrementos, fechas o códigos, pero no se entendieron. Elija qué significan.",
    ),
    (
        "PRICE_COLUMN",
        "Não está claro qual coluna tem o preço. Escolha o preço.",
        "No está claro qué columna tiene el precio. Elija el precio.",
    ),
    ("CODE_COLUMN", "Escolha a coluna com os códigos.", "Elija la columna con los códigos."),
    (
        "CODE_PARTS",
        "Alguns códigos começam com o código do país da sua linha. Escolha se os códigos desta coluna estão completos.",
        "Algunos códigos empiezan con el código de país de su fila. Elija si los códigos de esta columna están completos.",
    ),
    (
        "CODE_COUNTRY",
        "Talvez falte o código do país nos códigos. Escolha os dígitos a colocar antes de cada código. Um mapeamento pode definir qualquer código de país em `code_prefix`.",
        "Quizá falte el código de país en los códigos. Elija los dígitos que van antes de cada código. Un mapeo puede definir cualquier código de país en `code_prefix`.",
    ),
    (
        "CODE_HYPHEN",
        "Um hífen entre códigos pode juntar duas partes de um código ou indicar um intervalo. Escolha o significado.",
        "Un guion entre códigos puede unir dos partes de un código o indicar un rango. Elija el significado.",
    ),
    (
        "CODE_LIST",
        "Uma barra ou vírgula entre dígitos pode separar dois códigos ou fazer parte de um código. Escolha o significado.",
        "Una barra o coma entre dígitos puede separar dos códigos o ser parte de un código. Elija el significado.",
    ),
    (
        "CODE_SPACE",
        "Um espaço entre códigos pode juntar duas partes de um código ou separar dois códigos. Escolha o significado.",
        "Un espacio entre códigos puede unir dos partes de un código o separar dos códigos. Elija el significado.",
    ),
    (
        "TRUNK_ZERO",
        "Um código de área começa com 0. Escolha se o 0 é discado do exterior.",
        "Un código de área empieza con 0. Elija si el 0 se marca desde el extranjero.",
    ),
    (
        "NAME_COLUMN",
        "Várias colunas podem ter os nomes dos destinos. Escolha uma.",
        "Varias columnas pueden tener los nombres de los destinos. Elija una.",
    ),
    (
        "DESTINATION_EMPTY",
        "Algumas linhas não têm o nome do destino. Escolha o nome delas.",
        "Algunas filas no tienen el nombre del destino. Elija su nombre.",
    ),
    (
        "COLUMN_MEANING",
        "Números inteiros podem ser incrementos. Escolha os significados dessas colunas, na ordem do arquivo. As demais colunas são ignoradas.",
        "Los números enteros pueden ser incrementos. Elija los significados de esas columnas, en el orden del archivo. Las demás columnas se ignoran.",
    ),
    (
        "COLUMN_UNKNOWN",
        "O nome de uma coluna não diz o que ela é. Escolha o significado dela.",
        "El nombre de una columna no dice qué es. Elija su significado.",
    ),
    (
        "COLUMN_CHOICE",
        "Várias colunas podem ter o mesmo significado. Escolha uma. As outras são deixadas de lado.",
        "Varias columnas pueden tener el mismo significado. Elija una. Las otras se dejan de lado.",
    ),
    (
        "INCREMENT_ORDER",
        "Os valores dos incrementos não mostram a ordem deles. Escolha a ordem.",
        "Los valores de los incrementos no muestran su orden. Elija el orden.",
    ),
    (
        "INCREMENTS",
        "Nenhuma coluna tem incrementos, mas uma linha acima ou abaixo dos preços fala deles. Escolha os incrementos.",
        "Ninguna columna tiene incrementos, pero una línea encima o debajo de los precios habla de ellos. Elija los incrementos.",
    ),
    (
        "INCREMENT_TEXT",
        "Um texto na coluna dos incrementos não foi entendido. Escolha os incrementos.",
        "Un texto de la columna de los incrementos no se entendió. Elija los incrementos.",
    ),
    (
        "FIRST_PRICE",
        "Uma tarifa tem um preço para o primeiro incremento, mas o arquivo tem um para o primeiro minuto, e o primeiro incremento do arquivo não é um minuto. Escolha como o preço mais alto é cobrado.",
        "Una tarifa tiene un precio para el primer incremento, pero el archivo tiene uno para el primer minuto, y el primer incremento del archivo no es un minuto. Elija cómo se cobra el precio más alto.",
    ),
    (
        "PRICE_DECIMALS",
        "Um preço tem mais de seis casas decimais. Escolha como esses preços são arredondados.",
        "Un precio tiene más de seis decimales. Elija cómo se redondean esos precios.",
    ),
    (
        "PRICE_EMPTY",
        "Uma linha tem um código, mas não tem preço. Escolha o que significa um preço vazio.",
        "Una fila tiene un código, pero no tiene precio. Elija qué significa un precio vacío.",
    ),
    (
        "CODE_EMPTY",
        "Uma linha tem um preço, mas não tem código. Escolha se o arquivo deve ser importado sem essas linhas. Para importá-las, acrescente os códigos ao arquivo.",
        "Una fila tiene un precio, pero no tiene código. Elija si el archivo debe importarse sin esas filas. Para importarlas, añada los códigos al archivo.",
    ),
    (
        "ROWS_INVALID",
        "Algumas linhas têm erros. Escolha se o arquivo deve ser importado sem elas. Para importá-las, corrija o arquivo.",
        "Algunas filas tienen errores. Elija si el archivo debe importarse sin ellas. Para importarlas, corrija el archivo.",
    ),
    (
        "STATUS",
        "Um status pode manter, remover ou bloquear o código. Escolha o significado dele.",
        "Un estado puede mantener, quitar o bloquear el código. Elija su significado.",
    ),
    (
        "DUPLICATES",
        "Alguns códigos têm várias linhas diferentes. Escolha as linhas que devem ser lidas.",
        "Algunos códigos tienen varias filas distintas. Elija las filas que deben leerse.",
    ),
    (
        "ORIGIN",
        "Alguns códigos não têm preço geral, só preços conforme o número de quem liga. Escolha os preços que devem ser lidos.",
        "Algunos códigos no tienen precio general, solo precios según el número de quien llama. Elija los precios que deben leerse.",
    ),
    (
        "BANDS",
        "O arquivo tem preços para faixas que a tarifa não tem. Escolha as faixas, ou acrescente-as antes à tarifa.",
        "El archivo tiene precios para franjas que la tarifa no tiene. Elija las franjas, o añádalas antes a la tarifa.",
    ),
    (
        "EFFECTIVE_DATE",
        "As linhas têm várias datas. Escolha a data desta versão e importe o arquivo uma vez para cada data.",
        "Las filas tienen varias fechas. Elija la fecha de esta versión e importe el archivo una vez por cada fecha.",
    ),
    (
        "HEADER",
        "Nenhuma linha foi reconhecida como a linha com os nomes das colunas. Escolha essa linha.",
        "No se reconoció ninguna línea como la línea con los nombres de las columnas. Elija esa línea.",
    ),
    (
        "CELL_TEXT",
        "Alguns textos de uma coluna não foram entendidos. Escolha o que significam.",
        "Algunos textos de una columna no se entendieron. Elija qué significan.",
    ),
    (
        "COLUMN_DOUBTFUL",
        "Muitas células de uma coluna não foram entendidas. Escolha a coluna com esses valores.",
        "Muchas celdas de una columna no se entendieron. Elija la columna con esos valores.",
    ),
    (
        "PRICE_SCALE",
        "A maioria dos preços é o mesmo múltiplo dos preços em vigor. Escolha o que isso significa.",
        "La mayoría de los precios es el mismo múltiplo de los precios vigentes. Elija qué significa.",
    ),
];
