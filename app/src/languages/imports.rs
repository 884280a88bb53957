//! Sentences about imports of rate decks and saved mappings.

use super::Sentence;

pub(super) const SENTENCES: &[Sentence] = &[
    (
        "`effectiveAt` must be in the future, or null for a draft.",
        "`effectiveAt` precisa estar no futuro, ou ser nulo para um rascunho.",
        "`effectiveAt` debe estar en el futuro, o ser nulo para un borrador.",
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
    ("The tariff does not exist any more.", "A tarifa não existe mais.", "La tarifa ya no existe."),
    (
        "The server could not finish the import. Import the file again.",
        "O servidor não conseguiu terminar a importação. Importe o arquivo de novo.",
        "El servidor no pudo terminar la importación. Importe el archivo de nuevo.",
    ),
    (
        "The server stopped after it had stored the version and before it could activate it. Activate the version.",
        "O servidor parou depois de gravar a versão e antes de ativá-la. Ative a versão.",
        "El servidor se detuvo después de guardar la versión y antes de activarla. Active la versión.",
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
    ("`after` must not be negative.", "`after` não pode ser negativo.", "`after` no puede ser negativo."),
];
