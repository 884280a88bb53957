//! The remedies for problems in decks of carriers, and the problems in decks in the server's own format.

use super::Sentence;

/// Remedies for problems in decks of carriers.
pub(super) const REMEDIES: &[Sentence] = &[
    (
        "Give each code in digits, separated by commas.",
        "Escreva cada código em dígitos, separados por vírgulas.",
        "Escriba cada código en dígitos, separados por comas.",
    ),
    ("Correct the code.", "Corrija o código.", "Corrija el código."),
    (
        "Name the column with the codes in a mapping: {\"columns\": {\"prefix\": \"Code\"}}.",
        "Indique a coluna com os códigos em um mapeamento: {\"columns\": {\"prefix\": \"Code\"}}.",
        "Indique la columna con los códigos en un mapeo: {\"columns\": {\"prefix\": \"Code\"}}.",
    ),
    (
        "Name the column with the prices in a mapping: {\"columns\": {\"price\": \"Rate\"}}.",
        "Indique a coluna com os preços em um mapeamento: {\"columns\": {\"price\": \"Rate\"}}.",
        "Indique la columna con los precios en un mapeo: {\"columns\": {\"price\": \"Rate\"}}.",
    ),
    ("Write the date as 2026-12-31.", "Escreva a data como 2026-12-31.", "Escriba la fecha como 2026-12-31."),
    (
        "Correct the date, or write it as 2026-12-31.",
        "Corrija a data, ou escreva-a como 2026-12-31.",
        "Corrija la fecha, o escríbala como 2026-12-31.",
    ),
    (
        "Give the line of the header in a mapping.",
        "Indique a linha do cabeçalho em um mapeamento.",
        "Indique la línea del encabezado en un mapeo.",
    ),
    (
        "Import the deck into a tariff in the deck's currency.",
        "Importe o arquivo em uma tarifa na moeda do arquivo.",
        "Importe el archivo en una tarifa en la moneda del archivo.",
    ),
    ("Correct the mapping.", "Corrija o mapeamento.", "Corrija el mapeo."),
    ("Name the sheet in a mapping.", "Indique a planilha em um mapeamento.", "Indique la hoja en un mapeo."),
    ("Correct the line in the mapping.", "Corrija a linha no mapeamento.", "Corrija la línea en el mapeo."),
    (
        "Write the increments like 60/60.",
        "Escreva os incrementos como 60/60.",
        "Escriba los incrementos como 60/60.",
    ),
    ("Format the column as text.", "Formate a coluna como texto.", "Dé formato de texto a la columna."),
    (
        "See the documentation of mappings.",
        "Veja a documentação dos mapeamentos.",
        "Vea la documentación de los mapeos.",
    ),
    (
        "Correct the mapping, or use another mapping.",
        "Corrija o mapeamento, ou use outro mapeamento.",
        "Corrija el mapeo, o use otro mapeo.",
    ),
    (
        "Check the quotes of the file, or split the cell.",
        "Verifique as aspas do arquivo, ou divida a célula.",
        "Revise las comillas del archivo, o divida la celda.",
    ),
    ("Format the cell as a number.", "Formate a célula como número.", "Dé formato de número a la celda."),
    (
        "Write a plain decimal like 0.0424.",
        "Escreva um decimal simples, como 0.0424.",
        "Escriba un decimal simple, como 0.0424.",
    ),
    (
        "Write the number with the marks of the other rows.",
        "Escreva o número com os separadores das outras linhas.",
        "Escriba el número con los separadores de las demás filas.",
    ),
    ("Split the deck.", "Divida o arquivo.", "Divida el archivo."),
    (
        "Check which columns were found, and correct them with a mapping.",
        "Verifique quais colunas foram encontradas e corrija-as com um mapeamento.",
        "Revise qué columnas se encontraron y corríjalas con un mapeo.",
    ),
    (
        "Enter the code if the row is for a destination.",
        "Preencha o código, se a linha for de um destino.",
        "Escriba el código, si la fila es de un destino.",
    ),
    (
        "Import the row into a tariff in the row's currency.",
        "Importe a linha em uma tarifa na moeda da linha.",
        "Importe la fila en una tarifa en la moneda de la fila.",
    ),
    (
        "Write an ISO 4217 code, or set `currency` in the mapping.",
        "Escreva um código ISO 4217, ou defina `currency` no mapeamento.",
        "Escriba un código ISO 4217, o defina `currency` en el mapeo.",
    ),
    (
        "Make a separate deck for each currency.",
        "Faça um arquivo separado para cada moeda.",
        "Haga un archivo separado para cada moneda.",
    ),
    ("Enter the price.", "Preencha o preço.", "Escriba el precio."),
    (
        "Write all prices in the same unit.",
        "Escreva todos os preços na mesma unidade.",
        "Escriba todos los precios en la misma unidad.",
    ),
    (
        "Write minute or second, or set `price_unit` in the mapping.",
        "Escreva minute ou second, ou defina `price_unit` no mapeamento.",
        "Escriba minute o second, o defina `price_unit` en el mapeo.",
    ),
    (
        "Read the line, and add the fee to the rates if it applies.",
        "Leia a linha e acrescente a taxa aos preços, se ela valer.",
        "Lea la línea y añada el cargo a los precios, si se aplica.",
    ),
    (
        "Raise the prices of these codes if your callers' numbers cause the surcharge.",
        "Aumente os preços destes códigos, se os números dos seus clientes causarem o acréscimo.",
        "Suba los precios de estos códigos, si los números de sus clientes causan el recargo.",
    ),
    (
        "Give the code one price for each band and one for all other times.",
        "Dê ao código um preço para cada faixa e um para todos os outros horários.",
        "Dé al código un precio para cada franja y uno para los demás horarios.",
    ),
    (
        "Ask the carrier whether the codes are still offered.",
        "Pergunte à operadora se os códigos ainda são oferecidos.",
        "Pregunte al operador si los códigos todavía se ofrecen.",
    ),
    (
        "Give its meaning in the mapping: {\"statuses\": {\"word\": \"keep\"}}, or remove or block.",
        "Indique o significado no mapeamento: {\"statuses\": {\"word\": \"keep\"}}, ou remove ou block.",
        "Indique su significado en el mapeo: {\"statuses\": {\"word\": \"keep\"}}, o remove o block.",
    ),
    (
        "Read the remark, and remove or block the code if necessary.",
        "Leia a observação, e remova ou bloqueie o código se necessário.",
        "Lea la observación, y quite o bloquee el código si es necesario.",
    ),
    ("Correct the increment.", "Corrija o incremento.", "Corrija el incremento."),
    ("Correct the cell.", "Corrija a célula.", "Corrija la celda."),
    ("Save it as XLSX or CSV.", "Salve-o como XLSX ou CSV.", "Guárdelo como XLSX o CSV."),
    (
        "Split the file and import the parts with MERGE.",
        "Divida o arquivo e importe as partes com MERGE.",
        "Divida el archivo e importe las partes con MERGE.",
    ),
    ("Compress the file again.", "Compacte o arquivo de novo.", "Comprima el archivo de nuevo."),
    (
        "Use a comma, semicolon, tab or vertical bar.",
        "Use vírgula, ponto e vírgula, tabulação ou barra vertical.",
        "Use coma, punto y coma, tabulación o barra vertical.",
    ),
    ("Split the file.", "Divida o arquivo.", "Divida el archivo."),
    ("Remove columns.", "Remova colunas.", "Quite columnas."),
    ("Close the quote or remove it.", "Feche a aspa ou remova-a.", "Cierre la comilla o quítela."),
    (
        "Use a name like utf-8 or windows-1252.",
        "Use um nome como utf-8 ou windows-1252.",
        "Use un nombre como utf-8 o windows-1252.",
    ),
    (
        "Check the price with the carrier.",
        "Confirme o preço com a operadora.",
        "Confirme el precio con el operador.",
    ),
    (
        "Check that the deck is the latest one.",
        "Verifique se o arquivo é o mais recente.",
        "Compruebe que el archivo es el más reciente.",
    ),
    (
        "Schedule the version for this date, or import the file by date.",
        "Programe a versão para esta data, ou importe o arquivo por data.",
        "Programe la versión para esta fecha, o importe el archivo por fecha.",
    ),
    (
        "Activate the price now, or block the code until its date.",
        "Ative o preço agora, ou bloqueie o código até a data dele.",
        "Active el precio ahora, o bloquee el código hasta su fecha.",
    ),
    ("Block the code in the tariff.", "Bloqueie o código na tarifa.", "Bloquee el código en la tarifa."),
    (
        "Open it in a spreadsheet program and save it again as XLSX or CSV.",
        "Abra-a em um programa de planilhas e salve-a de novo como XLSX ou CSV.",
        "Ábralo en un programa de hojas de cálculo y guárdelo de nuevo como XLSX o CSV.",
    ),
    (
        "Remove sheets and rows, or save the sheet as CSV.",
        "Remova planilhas e linhas, ou salve a planilha como CSV.",
        "Quite hojas y filas, o guarde la hoja como CSV.",
    ),
    ("Split the workbook.", "Divida a pasta de trabalho.", "Divida el libro."),
    (
        "Import the file by date, so that the codes are removed on this day, or remove them then.",
        "Importe o arquivo por data, para que os códigos sejam removidos nesse dia, ou remova-os nesse dia.",
        "Importe el archivo por fecha, para que los códigos se quiten ese día, o quítelos ese día.",
    ),
    (
        "Compare the prices with the version in force, and ask the carrier.",
        "Compare os preços com a versão em vigor, e pergunte à operadora.",
        "Compare los precios con la versión vigente, y pregunte al operador.",
    ),
];

/// Problems in decks in the server's own format.
pub(super) const CANONICAL: &[Sentence] = &[
    ("Column {name} is unknown.", "A coluna {name} é desconhecida.", "La columna {name} es desconocida."),
    (
        "Column {name} occurs twice.",
        "A coluna {name} aparece duas vezes.",
        "La columna {name} aparece dos veces.",
    ),
    ("Column {name} is missing.", "Falta a coluna {name}.", "Falta la columna {name}."),
    (
        "A deck can price at most {max} bands.",
        "Um arquivo pode ter preços para no máximo {max} faixas.",
        "Un archivo puede tener precios para {max} franjas como máximo.",
    ),
    (
        "The file has {bytes} bytes; the limit is {max}.",
        "O arquivo tem {bytes} bytes. O limite é {max}.",
        "El archivo tiene {bytes} bytes. El límite es {max}.",
    ),
    (
        "This line is not UTF-8; save the file as UTF-8.",
        "Esta linha não está em UTF-8. Salve o arquivo como UTF-8.",
        "Esta línea no está en UTF-8. Guarde el archivo como UTF-8.",
    ),
    (
        "The line has more than {max} cells.",
        "A linha tem mais de {max} células.",
        "La línea tiene más de {max} celdas.",
    ),
    (
        "The file has too many rows; the limit is {max}.",
        "O arquivo tem linhas demais. O limite é {max}.",
        "El archivo tiene demasiadas filas. El límite es {max}.",
    ),
    (
        "The row has {found} cells; the header has {expected}.",
        "A linha tem {found} células. O cabeçalho tem {expected}.",
        "La fila tiene {found} celdas. El encabezado tiene {expected}.",
    ),
    (
        "Band {name} has a fee but no price; give both.",
        "A faixa {name} tem taxa, mas não tem preço. Preencha os dois.",
        "La franja {name} tiene cargo, pero no precio. Escriba ambos.",
    ),
    (
        "Band {name} has an initial price but no price; give both.",
        "A faixa {name} tem preço inicial, mas não tem preço. Preencha os dois.",
        "La franja {name} tiene precio inicial, pero no precio. Escriba ambos.",
    ),
    (
        "Prefix {prefix} is on line {first} and on line {second}.",
        "O prefixo {prefix} está na linha {first} e na linha {second}.",
        "El prefijo {prefix} está en la línea {first} y en la línea {second}.",
    ),
    (
        "{cell} may be one code, several or a range; give each code its own row, in digits only.",
        "{cell} pode ser um código, vários ou um intervalo. Dê a cada código uma linha, só com dígitos.",
        "{cell} puede ser un código, varios o un rango. Dé a cada código una fila, solo con dígitos.",
    ),
    ("{cell} is read as {digits}.", "{cell} é lido como {digits}.", "{cell} se lee como {digits}."),
    (
        "Spaces around the text were removed.",
        "Os espaços ao redor do texto foram removidos.",
        "Se quitaron los espacios alrededor del texto.",
    ),
    (
        "The text begins like a spreadsheet formula; it is exported with an apostrophe before it.",
        "O texto começa como uma fórmula de planilha. Na exportação, ele recebe um apóstrofo antes.",
        "El texto empieza como una fórmula de hoja de cálculo. Al exportarlo, lleva un apóstrofo delante.",
    ),
    (
        "{cell} is not a whole number of seconds.",
        "{cell} não é um número inteiro de segundos.",
        "{cell} no es un número entero de segundos.",
    ),
    (
        "Spaces around the number were removed.",
        "Os espaços ao redor do número foram removidos.",
        "Se quitaron los espacios alrededor del número.",
    ),
    (
        "{cell} is not a plain decimal; write it like 0.0424.",
        "{cell} não é um decimal simples. Escreva como 0.0424.",
        "{cell} no es un decimal simple. Escríbalo como 0.0424.",
    ),
    (
        "{cell} has more than six decimals.",
        "{cell} tem mais de seis casas decimais.",
        "{cell} tiene más de seis decimales.",
    ),
    ("{cell} is out of range.", "{cell} está fora dos limites.", "{cell} está fuera de los límites."),
    (
        "A rate can have at most {max} band prices.",
        "Um preço pode ter no máximo {max} preços por faixa.",
        "Un precio puede tener {max} precios por franja como máximo.",
    ),
    (
        "The prefix is empty; enter 1 to 15 digits.",
        "O prefixo está vazio. Preencha de 1 a 15 dígitos.",
        "El prefijo está vacío. Escriba de 1 a 15 dígitos.",
    ),
    (
        "A prefix must be digits only.",
        "Um prefixo só pode ter dígitos.",
        "Un prefijo solo puede tener dígitos.",
    ),
    (
        "A prefix can have at most {max} digits.",
        "Um prefixo pode ter no máximo {max} dígitos.",
        "Un prefijo puede tener {max} dígitos como máximo.",
    ),
    (
        "A prefix must begin with a country code, which never begins with 0.",
        "Um prefixo precisa começar com um código de país, que nunca começa com 0.",
        "Un prefijo debe empezar con un código de país, que nunca empieza con 0.",
    ),
    (
        "The destination is empty; enter a name.",
        "O destino está vazio. Preencha um nome.",
        "El destino está vacío. Escriba un nombre.",
    ),
    (
        "A destination can have at most {max} characters.",
        "Um destino pode ter no máximo {max} caracteres.",
        "Un destino puede tener {max} caracteres como máximo.",
    ),
    (
        "A destination must be one line without control characters.",
        "Um destino precisa ser uma linha sem caracteres de controle.",
        "Un destino debe ser una línea sin caracteres de control.",
    ),
    ("A price must not be negative.", "Um preço não pode ser negativo.", "Un precio no puede ser negativo."),
    (
        "A price can be at most {max}.",
        "Um preço pode ser no máximo {max}.",
        "Un precio puede ser {max} como máximo.",
    ),
    (
        "Free seconds can be at most {max}.",
        "Os segundos grátis podem ser no máximo {max}.",
        "Los segundos gratuitos pueden ser {max} como máximo.",
    ),
    (
        "A band name must be 1 to {max} characters, without leading or trailing spaces.",
        "O nome de uma faixa precisa ter de 1 a {max} caracteres, sem espaços no começo ou no fim.",
        "El nombre de una franja debe tener de 1 a {max} caracteres, sin espacios al principio o al final.",
    ),
];
