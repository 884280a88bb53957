//! Sentences for the counter: sessions, bills, the register, cabins, phones, receipts, calls.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    // sessions
    (
        "The session is {state}; it must be OPEN.",
        "A sessão está {state}. Ela precisa estar aberta.",
        "La sesión está {state}. Debe estar abierta.",
    ),
    (
        "The session is {state}; it must be CLOSED.",
        "A sessão está {state}. Ela precisa estar fechada e não paga.",
        "La sesión está {state}. Debe estar cerrada y sin pagar.",
    ),
    (
        "The session is {state}; its bill can no longer change.",
        "A sessão está {state}. A conta não pode mais mudar.",
        "La sesión está {state}. La cuenta ya no puede cambiar.",
    ),
    (
        "The session is {state}; it must be SETTLED.",
        "A sessão está {state}. Ela precisa estar paga.",
        "La sesión está {state}. Debe estar pagada.",
    ),
    (
        "The session is {state} and POSTPAID; only PREPAID sessions take deposits.",
        "Esta sessão é paga no fim. Só uma sessão pré-paga recebe depósito.",
        "Esta sesión se paga al final. Solo una sesión prepaga recibe depósitos.",
    ),
    (
        "The session is {state} and has a call in progress; end the call first.",
        "Há uma chamada em andamento nesta sessão. Encerre a chamada primeiro.",
        "Hay una llamada en curso en esta sesión. Termine la llamada primero.",
    ),
    (
        "The session is {state} and has calls; only a session without calls can be voided.",
        "Esta sessão tem chamadas. Só uma sessão sem chamadas pode ser anulada.",
        "Esta sesión tiene llamadas. Solo se puede anular una sesión sin llamadas.",
    ),
    (
        "Another user has just moved the session. Check its cabin and try again.",
        "Outro usuário acabou de mudar a sessão de cabine. Confira a cabine e tente de novo.",
        "Otro usuario acaba de mover la sesión. Revise su cabina e intente de nuevo.",
    ),
    (
        "The session is already in this cabin.",
        "A sessão já está nesta cabine.",
        "La sesión ya está en esta cabina.",
    ),
    (
        "The cabin already has a session that is {state}. Close its bill first.",
        "Já há uma sessão {state} nesta cabine. Feche a conta dela primeiro.",
        "Ya hay una sesión {state} en esta cabina. Ciérrela primero.",
    ),
    (
        "A deposit requires an `idempotencyKey`.",
        "Um depósito precisa de `idempotencyKey`.",
        "Un depósito requiere `idempotencyKey`.",
    ),
    (
        "Refunding the deposit requires an `idempotencyKey`.",
        "A devolução do depósito precisa de `idempotencyKey`.",
        "La devolución del depósito requiere `idempotencyKey`.",
    ),
    (
        "A POSTPAID session takes no deposit. Omit `deposit`, or use PREPAID.",
        "Uma sessão paga no fim não recebe depósito. Tire o depósito ou escolha pré-pago.",
        "Una sesión que se paga al final no recibe depósito. Quite el depósito o elija prepago.",
    ),
    (
        "A PREPAID session requires a deposit.",
        "Uma sessão pré-paga precisa de um depósito.",
        "Una sesión prepaga requiere un depósito.",
    ),
    (
        "Give exactly one of `cabinId` and `sessionId`.",
        "Informe `cabinId` ou `sessionId`, e não os dois.",
        "Indique `cabinId` o `sessionId`, pero no ambos.",
    ),
    (
        "`spendingLimit` must be null for a prepaid session: the deposit is the limit.",
        "Uma sessão pré-paga não tem limite de gasto: o depósito é o limite.",
        "Una sesión prepaga no tiene límite de gasto: el depósito es el límite.",
    ),
    (
        "`spendingLimit` must be above zero, or null for no limit.",
        "O limite de gasto precisa ser maior que zero. Deixe vazio para não ter limite.",
        "El límite de gasto debe ser mayor que cero. Déjelo vacío para no tener límite.",
    ),
    (
        "`timeLimitSeconds` must be between 1 and {max}, or null for no limit.",
        "O limite de tempo precisa estar entre 1 e {max} segundos. Deixe vazio para não ter limite.",
        "El límite de tiempo debe estar entre 1 y {max} segundos. Déjelo vacío para no tener límite.",
    ),
    (
        "The calls of this session were deleted. Calls are kept from {day} on.",
        "As chamadas desta sessão foram apagadas. As chamadas são guardadas desde {day}.",
        "Las llamadas de esta sesión se borraron. Las llamadas se guardan desde {day}.",
    ),
    (
        "The session has more than {max} calls, too many for a statement.",
        "A sessão tem mais de {max} chamadas, demais para uma conta.",
        "La sesión tiene más de {max} llamadas, demasiadas para una cuenta.",
    ),
    // bills and payments
    (
        "The payments are {missing} short of the amount due.",
        "Faltam {missing} para o valor a pagar. Receba o resto.",
        "Faltan {missing} para el monto a pagar. Cobre el resto.",
    ),
    (
        "Payments other than cash exceed the total by {excess}; reduce them, because change is given only for cash.",
        "Os pagamentos sem dinheiro passam do total em {excess}. Reduza esses pagamentos, porque só o dinheiro dá troco.",
        "Los pagos que no son en efectivo superan el total en {excess}. Redúzcalos, porque solo el efectivo da cambio.",
    ),
    (
        "Amounts must not be negative.",
        "Os valores não podem ser negativos.",
        "Los montos no pueden ser negativos.",
    ),
    (
        "A settlement can have at most {max} payments.",
        "Uma conta pode ter no máximo {max} pagamentos.",
        "Una cuenta puede tener como máximo {max} pagos.",
    ),
    (
        "A reference can have at most {max} printable characters.",
        "Uma referência pode ter no máximo {max} caracteres imprimíveis.",
        "Una referencia puede tener como máximo {max} caracteres imprimibles.",
    ),
    (
        "Cash has no reference. Omit `reference`.",
        "Dinheiro não tem referência. Deixe a referência vazia.",
        "El efectivo no tiene referencia. Deje la referencia vacía.",
    ),
    (
        "`quantity` must be between 1 and {max}.",
        "A quantidade precisa estar entre 1 e {max}.",
        "La cantidad debe estar entre 1 y {max}.",
    ),
    (
        "A bill can have at most {max} lines.",
        "Uma conta pode ter no máximo {max} linhas.",
        "Una cuenta puede tener como máximo {max} líneas.",
    ),
    (
        "The total of the bill would be too high.",
        "O total da conta ficaria alto demais.",
        "El total de la cuenta sería demasiado alto.",
    ),
    (
        "The amount must be above zero.",
        "O valor precisa ser maior que zero.",
        "El monto debe ser mayor que cero.",
    ),
    (
        "Attendants can give a discount of at most {ceiling} per bill. Ask the owner for more.",
        "Atendentes podem dar no máximo {ceiling} de desconto por conta. Peça ao dono um desconto maior.",
        "Los empleados pueden dar como máximo {ceiling} de descuento por cuenta. Pida al dueño un descuento mayor.",
    ),
    (
        "Discounts of {discounts} would exceed the total of calls and items, {max}.",
        "Descontos de {discounts} passariam do total das chamadas e itens, {max}. Reduza o desconto.",
        "Descuentos de {discounts} superarían el total de llamadas y artículos, {max}. Reduzca el descuento.",
    ),
    (
        "The bill has no such line.",
        "A conta não tem essa linha. Leia a conta de novo.",
        "La cuenta no tiene esa línea. Lea la cuenta de nuevo.",
    ),
    (
        "The statement is final. Only the owner can remove items from a final statement.",
        "A conta está fechada. Só o dono pode tirar itens de uma conta fechada.",
        "La cuenta está cerrada. Solo el dueño puede quitar artículos de una cuenta cerrada.",
    ),
    (
        "At most {left} can still be refunded.",
        "Ainda podem ser reembolsados no máximo {left}.",
        "Todavía se pueden reembolsar como máximo {left}.",
    ),
    (
        "Attendants can refund at most {ceiling} per session. Ask the owner for more.",
        "Atendentes podem reembolsar no máximo {ceiling} por sessão. Peça ao dono um reembolso maior.",
        "Los empleados pueden reembolsar como máximo {ceiling} por sesión. Pida al dueño un reembolso mayor.",
    ),
    (
        "A cash refund must be a multiple of {step}.",
        "Um reembolso em dinheiro precisa ser um múltiplo de {step}.",
        "Un reembolso en efectivo debe ser un múltiplo de {step}.",
    ),
    (
        "The amount must be above zero, in whole centavos, and at most {max}.",
        "O valor precisa ser maior que zero, em centavos inteiros, e no máximo {max}.",
        "El monto debe ser mayor que cero, en centavos enteros, y como máximo {max}.",
    ),
    // the register
    (
        "The register is closed. Open it first.",
        "O caixa está fechado. Abra o caixa primeiro.",
        "La caja está cerrada. Ábrala primero.",
    ),
    (
        "The register is already open with shift {shift}. Close it first.",
        "O caixa já está aberto com o turno {shift}. Feche o caixa primeiro.",
        "La caja ya está abierta con el turno {shift}. Ciérrela primero.",
    ),
    (
        "`{field}` must be between 0 and {max}.",
        "`{field}` precisa estar entre 0 e {max}.",
        "`{field}` debe estar entre 0 y {max}.",
    ),
    (
        "An amount of {currency} can have at most {decimals} decimals.",
        "Um valor em {currency} pode ter no máximo {decimals} casas decimais.",
        "Un monto en {currency} puede tener como máximo {decimals} decimales.",
    ),
    (
        "The drawer does not have that much cash. Record a pay-in first.",
        "A gaveta não tem tanto dinheiro. Registre um suprimento primeiro.",
        "El cajón no tiene tanto efectivo. Registre un ingreso primero.",
    ),
    (
        "{method} must be counted; enter 0 if there is none.",
        "Falta contar: {method}. Informe 0 se não houver nenhum valor.",
        "Falta contar: {method}. Indique 0 si no hay ninguno.",
    ),
    (
        "A count must not be negative.",
        "Uma contagem não pode ser negativa.",
        "Un conteo no puede ser negativo.",
    ),
    (
        "The count of CASH must not be negative.",
        "A contagem do dinheiro não pode ser negativa.",
        "El conteo del efectivo no puede ser negativo.",
    ),
    (
        "{method} is counted twice. Give one count per method.",
        "Contado duas vezes: {method}. Informe uma contagem por forma de pagamento.",
        "Contado dos veces: {method}. Indique un conteo por forma de pago.",
    ),
    (
        "CASH must be counted; enter 0 if the drawer is empty.",
        "Conte o dinheiro. Informe 0 se a gaveta estiver vazia.",
        "Cuente el efectivo. Indique 0 si el cajón está vacío.",
    ),
    (
        "`carryOver` can have at most {max} sessions.",
        "No máximo {max} contas podem passar para o próximo turno.",
        "Como máximo {max} cuentas pueden pasar al próximo turno.",
    ),
    (
        "Only closed, unpaid sessions can be carried over.",
        "Só contas fechadas e não pagas podem passar para o próximo turno.",
        "Solo cuentas cerradas y sin pagar pueden pasar al próximo turno.",
    ),
    (
        "Sessions of these cabins are not settled: {cabins}. Close the open cabins, and settle or carry over the closed sessions.",
        "Há contas em aberto nestas cabines: {cabins}. Feche as cabines abertas, e receba as contas fechadas ou passe-as para o próximo turno.",
        "Hay cuentas pendientes en estas cabinas: {cabins}. Cierre las cabinas abiertas, y cobre las cuentas cerradas o páselas al próximo turno.",
    ),
    (
        "The day has more than {max} shifts. Use the Z reports of the shifts.",
        "O dia tem mais de {max} turnos. Use os relatórios Z dos turnos.",
        "El día tiene más de {max} turnos. Use los informes Z de los turnos.",
    ),
    // cabins
    (
        "The cabin is {state}. Close it first.",
        "A cabine está {state}. Feche a cabine primeiro.",
        "La cabina está {state}. Ciérrela primero.",
    ),
    ("The cabin is retired.", "A cabine foi retirada de uso.", "La cabina fue retirada del uso."),
    ("The cabin is already CLOSED.", "A cabine já está fechada.", "La cabina ya está cerrada."),
    ("The cabin is OUT_OF_SERVICE.", "A cabine está fora de serviço.", "La cabina está fuera de servicio."),
    (
        "The cabin has no phone.",
        "A cabine não tem telefone. Ligue um telefone à cabine primeiro.",
        "La cabina no tiene teléfono. Asígnele un teléfono primero.",
    ),
    (
        "The cabin has no phone. Assign a phone first.",
        "A cabine não tem telefone. Ligue um telefone à cabine primeiro.",
        "La cabina no tiene teléfono. Asígnele un teléfono primero.",
    ),
    (
        "The cabin's phone is blocked.",
        "O telefone da cabine está bloqueado.",
        "El teléfono de la cabina está bloqueado.",
    ),
    (
        "The cabin's phone is in a call. Hang up first, or wait until the call has ended.",
        "O telefone da cabine está em chamada. Desligue primeiro, ou espere o fim da chamada.",
        "El teléfono de la cabina está en una llamada. Cuelgue primero, o espere a que termine la llamada.",
    ),
    ("The callshop has no such cabin.", "A loja não tem essa cabine.", "La tienda no tiene esa cabina."),
    (
        "The phone's callshop has no such cabin.",
        "A loja do telefone não tem essa cabine.",
        "La tienda del teléfono no tiene esa cabina.",
    ),
    (
        "The callshop already has a cabin with this number.",
        "A loja já tem uma cabine com este número.",
        "La tienda ya tiene una cabina con este número.",
    ),
    (
        "`number` must be between 1 and {max}.",
        "O número precisa estar entre 1 e {max}.",
        "El número debe estar entre 1 y {max}.",
    ),
    (
        "A callshop can have at most {max} cabins. Retire one first.",
        "Uma loja pode ter no máximo {max} cabines. Retire uma de uso primeiro.",
        "Una tienda puede tener como máximo {max} cabinas. Retire una primero.",
    ),
    (
        "A screen can be valid for 1 to {max} days.",
        "Uma tela vale de 1 a {max} dias.",
        "Una pantalla dura de 1 a {max} días.",
    ),
    (
        "The cabin has {max} screens. Revoke one of them first.",
        "A cabine tem {max} telas. Encerre uma delas primeiro.",
        "La cabina tiene {max} pantallas. Cierre una de ellas primero.",
    ),
    // phones and calls
    ("The callshop has no such phone.", "A loja não tem esse telefone.", "La tienda no tiene ese teléfono."),
    (
        "The phone is already in cabin {cabin}.",
        "O telefone já está na cabine {cabin}.",
        "El teléfono ya está en la cabina {cabin}.",
    ),
    (
        "`count` must be between 1 and {max}.",
        "A quantidade precisa estar entre 1 e {max}.",
        "La cantidad debe estar entre 1 y {max}.",
    ),
    (
        "`label` must have at most {max} characters, because a number is appended.",
        "O nome pode ter no máximo {max} caracteres, porque recebe um número no fim.",
        "El nombre puede tener como máximo {max} caracteres, porque se le agrega un número.",
    ),
    (
        "A callshop can have at most {max} phones.",
        "Uma loja pode ter no máximo {max} telefones.",
        "Una tienda puede tener como máximo {max} teléfonos.",
    ),
    (
        "Another user has just changed the cabin's phone. Check the cabin and try again.",
        "Outro usuário acabou de trocar o telefone da cabine. Confira a cabine e tente de novo.",
        "Otro usuario acaba de cambiar el teléfono de la cabina. Revise la cabina e intente de nuevo.",
    ),
    (
        "The phone is in a call. Try again when the call is over.",
        "O telefone está em chamada. Tente de novo quando a chamada terminar.",
        "El teléfono está en una llamada. Intente de nuevo cuando termine.",
    ),
    ("The call is already {state}.", "A chamada já está {state}.", "La llamada ya está {state}."),
    (
        "The call is {state}. Ask again when the call is over.",
        "A chamada está {state}. Pergunte de novo quando a chamada terminar.",
        "La llamada está {state}. Consulte de nuevo cuando termine.",
    ),
    (
        "The proxy does not know the call. The call will be closed within a minute; the time it was last seen counts as its end.",
        "A central não conhece a chamada. A chamada será encerrada em um minuto, com a hora em que foi vista pela última vez.",
        "La central no conoce la llamada. La llamada se cerrará en un minuto, con la hora en que se vio por última vez.",
    ),
    (
        "The proxy did not accept the command. Try again.",
        "A central não aceitou o comando. Tente de novo.",
        "La central no aceptó la orden. Intente de nuevo.",
    ),
    // receipts
    (
        "Another user took the payment. Until the register is closed, only that user or the owner can reprint the receipt.",
        "Outro usuário recebeu o pagamento. Até o caixa fechar, só esse usuário ou o dono pode imprimir a segunda via.",
        "Otro usuario cobró el pago. Hasta que se cierre la caja, solo ese usuario o el dueño puede reimprimir el recibo.",
    ),
    (
        "The session is {state}. Only a closed session that is not settled has a bill to print.",
        "A sessão está {state}. Só uma sessão fechada e não paga tem conta para imprimir.",
        "La sesión está {state}. Solo una sesión cerrada y sin pagar tiene cuenta para imprimir.",
    ),
    (
        "The session is {state}. Only a settled session has a receipt.",
        "A sessão está {state}. Só uma sessão paga tem recibo.",
        "La sesión está {state}. Solo una sesión pagada tiene recibo.",
    ),
    (
        "Only a receipt in an ESC_POS format can open the drawer.",
        "Só um recibo em formato ESC_POS pode abrir a gaveta.",
        "Solo un recibo en formato ESC_POS puede abrir el cajón.",
    ),
    // prices and numbers
    ("This number has no price.", "Este número não tem preço.", "Este número no tiene precio."),
    (
        "No destination with this name has a price.",
        "Nenhum destino com este nome tem preço.",
        "Ningún destino con este nombre tiene precio.",
    ),
    (
        "Calls to this destination are blocked.",
        "As chamadas para este destino estão bloqueadas.",
        "Las llamadas a este destino están bloqueadas.",
    ),
    (
        "Calls to this destination are not available now.",
        "As chamadas para este destino não estão disponíveis agora. Fale com o seu revendedor.",
        "Las llamadas a este destino no están disponibles ahora. Contacte a su revendedor.",
    ),
    (
        "Calls to this destination have no price.",
        "As chamadas para este destino não têm preço.",
        "Las llamadas a este destino no tienen precio.",
    ),
    (
        "Short numbers have no rates. Enter a full number.",
        "Números curtos não têm tarifa. Informe um número completo.",
        "Los números cortos no tienen tarifa. Indique un número completo.",
    ),
    ("No number was dialed.", "Nenhum número foi discado.", "No se marcó ningún número."),
    ("The number is too long.", "O número é longo demais.", "El número es demasiado largo."),
    ("The number is too short.", "O número é curto demais.", "El número es demasiado corto."),
    (
        "The number has a character that cannot be dialed.",
        "O número tem um caractere que não pode ser discado.",
        "El número tiene un carácter que no se puede marcar.",
    ),
    ("No country has this calling code.", "Nenhum país tem este código.", "Ningún país tiene este código."),
    (
        "The area code is missing; dial it before the number.",
        "Falta o DDD. Disque o DDD antes do número.",
        "Falta el código de área. Márquelo antes del número.",
    ),
    (
        "The number is not valid in this country.",
        "O número não é válido neste país.",
        "El número no es válido en este país.",
    ),
    (
        "`destination` must have 1 to {max} characters.",
        "O destino precisa ter de 1 a {max} caracteres.",
        "El destino debe tener de 1 a {max} caracteres.",
    ),
    ("`amount` must not be negative.", "O valor não pode ser negativo.", "El monto no puede ser negativo."),
];
