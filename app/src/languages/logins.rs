//! Sentences about logins, users and API tokens.

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
];
