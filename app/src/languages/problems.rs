//! The texts of problems.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "The session has waited more than ten minutes for its call to end. Hang up the call. If the call does not end, check whether the proxy can reach the server.",
        "A sessão espera o fim da chamada há mais de dez minutos. Desligue a chamada. Se ela continuar, verifique se a central alcança o servidor.",
        "La sesión espera el fin de su llamada desde hace más de diez minutos. Cuelgue la llamada. Si continúa, revise si la central alcanza el servidor.",
    ),
    (
        "The session has been open for more than a day. Close the cabin if the customer has left.",
        "A sessão está aberta há mais de um dia. Feche a cabine se o cliente já saiu.",
        "La sesión está abierta desde hace más de un día. Cierre la cabina si el cliente se ha ido.",
    ),
    (
        "The call should have ended by now, but the proxy has not reported its end. Hang up the call, or check whether the proxy can reach the server. The call's credit stays held until the call ends.",
        "A chamada já deve ter terminado, mas a central não avisou o fim. Desligue a chamada, ou verifique se a central alcança o servidor. O crédito da chamada fica reservado até o fim dela.",
        "La llamada ya debe haber terminado, pero la central no informó su fin. Cuelgue la llamada, o revise si la central alcanza el servidor. El crédito de la llamada queda reservado hasta que termine.",
    ),
    (
        "The session has more than one live call. Check which phones make the calls, and hang up each call that is not the customer's.",
        "A sessão tem mais de uma chamada em andamento. Verifique os telefones dessas chamadas, e desligue cada chamada que não é do cliente.",
        "La sesión tiene más de una llamada en curso. Revise los teléfonos de esas llamadas, y cuelgue cada llamada que no sea del cliente.",
    ),
    (
        "The phone of an open cabin is not registered. Check its cable and settings, or move the customer to another cabin.",
        "O telefone de uma cabine aberta não está registrado. Verifique o cabo e a configuração, ou mude o cliente de cabine.",
        "El teléfono de una cabina abierta no está registrado. Revise el cable y la configuración, o pase al cliente a otra cabina.",
    ),
    (
        "The call cost more than it earned. Use explainCharge to compare the steps of the two levels, and raise the price.",
        "A chamada custou mais do que rendeu. Use explainCharge para comparar os passos dos dois níveis, e aumente o preço.",
        "La llamada costó más de lo que generó. Use explainCharge para comparar los pasos de los dos niveles, y suba el precio.",
    ),
    (
        "The call continued beyond its covered seconds, and the rest was written off. Check whether the server can reach the proxy's control listener in time.",
        "A chamada passou dos segundos pagos, e o resto foi perdido. Verifique se o servidor alcança a porta de controle da central a tempo.",
        "La llamada pasó de los segundos pagados, y el resto se dio por perdido. Revise si el servidor alcanza a tiempo el puerto de control de la central.",
    ),
    (
        "The end of the call was estimated, because the proxy had lost the call. If the proxy reports the true end later, that end replaces the estimate.",
        "O fim da chamada foi estimado, porque a central perdeu a chamada. O fim verdadeiro substitui a estimativa se chegar.",
        "El fin de la llamada se estimó, porque la central perdió la llamada. El fin verdadero reemplaza la estimación si llega.",
    ),
    (
        "The proxy reported impossible times for the call, so the call's end was estimated. Check whether the clocks of the proxy and the server agree. The end is corrected automatically if the proxy reports the true end.",
        "A central informou horas impossíveis da chamada, e o fim foi estimado. Verifique se os relógios da central e do servidor estão iguais. O fim é corrigido automaticamente se o fim verdadeiro chegar.",
        "La central informó horas imposibles de la llamada, y su fin se estimó. Revise si los relojes de la central y del servidor coinciden. El fin se corrige automáticamente si llega el fin verdadero.",
    ),
    (
        "The phone never acknowledged the answer, so the call was ended. In this way, callers can talk without paying. Check who uses the phone, and block the phone if this happens again. A phone that never acknowledges an answer is broken or cannot reach the proxy.",
        "O telefone nunca confirmou o atendimento, e a chamada foi encerrada. Assim é possível falar sem pagar. Verifique quem usa o telefone, e bloqueie o telefone se isto se repetir. Um telefone que nunca confirma está com defeito ou não alcança a central.",
        "El teléfono nunca confirmó la respuesta, y la llamada se terminó. Así es posible hablar sin pagar. Revise quién usa el teléfono, y bloquéelo si esto se repite. Un teléfono que nunca confirma está averiado o no alcanza la central.",
    ),
    (
        "The proxy \"{proxy}\" sent the doubtful event \"{event}\" ({kind}), {error}.",
        "O evento \"{event}\" ({kind}) da central \"{proxy}\" não pode ser verdade ou chegou tarde: {error}.",
        "El evento \"{event}\" ({kind}) de la central \"{proxy}\" no puede ser cierto o llegó tarde: {error}.",
    ),
    (
        "The event \"{event}\" of the proxy \"{proxy}\" was rejected ({error}). Compare the proxy's configuration with the server's version.",
        "O evento \"{event}\" da central \"{proxy}\" foi rejeitado ({error}). Compare a configuração da central com a versão do servidor.",
        "El evento \"{event}\" de la central \"{proxy}\" fue rechazado ({error}). Compare la configuración de la central con la versión del servidor.",
    ),
    (
        "The entry {entry} of the Redis stream failed {times} times and is still being retried. Later events of the same call or phone wait for this entry. See the servers' logs for the reason.",
        "A entrada {entry} do stream do Redis falhou {times} vezes e continua a ser tentada. Os eventos seguintes da mesma chamada ou do mesmo telefone esperam por ela. O motivo está no log dos servidores.",
        "La entrada {entry} del stream de Redis falló {times} veces y se sigue intentando. Los eventos siguientes de la misma llamada o del mismo teléfono la esperan. El motivo está en el registro de los servidores.",
    ),
    (
        "The proxy \"{proxy}\" has at least {dialogs} dialogs that are not calls of this server, too many to hang up. Check whether the databases of the proxy and the server belong together. Each dialog ends at its own limit.",
        "A central \"{proxy}\" tem pelo menos {dialogs} diálogos que não são chamadas deste servidor, demais para desligar. Verifique se os bancos de dados da central e do servidor são do mesmo sistema. Cada diálogo termina no seu próprio limite.",
        "La central \"{proxy}\" tiene al menos {dialogs} diálogos que no son llamadas de este servidor, demasiados para colgar. Revise si las bases de datos de la central y del servidor son del mismo sistema. Cada diálogo termina en su propio límite.",
    ),
    (
        "The proxy \"{proxy}\" has {dialogs} dialogs that belong to no call. These dialogs are hung up at the next comparison.",
        "A central \"{proxy}\" tem {dialogs} diálogos sem chamada. Eles serão desligados na próxima comparação.",
        "La central \"{proxy}\" tiene {dialogs} diálogos sin llamada. Se colgarán en la próxima comparación.",
    ),
    (
        "The proxy \"{proxy}\" has not listed its calls since then, and lost calls stay open. Check whether the proxy runs and whether the server reaches its control listener.",
        "A central \"{proxy}\" não lista as suas chamadas desde então, e chamadas perdidas ficam abertas. Verifique se a central funciona e se o servidor alcança a porta de controle dela.",
        "La central \"{proxy}\" no lista sus llamadas desde entonces, y las llamadas perdidas quedan abiertas. Revise si la central funciona y si el servidor alcanza su puerto de control.",
    ),
    (
        "The balance of {book} is not the sum of its entries. Do not rely on this balance, and inform the operator of the server.",
        "O saldo de {book} não é a soma dos seus lançamentos. Não confie neste saldo, e avise o operador do servidor.",
        "El saldo de {book} no es la suma de sus movimientos. No confíe en este saldo, y avise al operador del servidor.",
    ),
];
