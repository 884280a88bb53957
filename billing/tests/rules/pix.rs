//! Tests Pix keys and BR Codes, with the examples of the central bank's manual.

use billing::money::Micros;
use billing::pix::{Merchant, PixError, PixKey, plain_text, txid_of};
use proptest::prelude::*;

fn merchant() -> Merchant {
    Merchant::new("123e4567-e12b-12d1-a456-426655440000", "Fulano de Tal", "BRASILIA").unwrap()
}

#[test]
fn the_manuals_example_of_a_static_code() {
    // Manual de Padrões para Iniciação do Pix, "QR Code estático"
    let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal\
                6008BRASILIA62070503***63041D3D";
    assert_eq!(merchant().br_code(None, "***"), Ok(code.to_owned()));
}

#[test]
fn the_checksum_is_that_of_the_manuals_dynamic_example() {
    // this crate cannot generate the code, because the code refers to a bank's server; the checksum must still match
    let code = "00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd4415204000053039865802BR5913Fulano de Tal\
                6008BRASILIA62070503***630464E4";
    assert_eq!(crc(&code[..code.len() - 4]), "64E4");
    // the check value of CRC-16/CCITT-FALSE
    assert_eq!(crc("123456789"), "29B1");
}

/// A slower computation of the checksum, bit by bit, as the specification describes it.
fn crc(text: &str) -> String {
    let mut register = 0xFFFF_u32;
    for bit in text.bytes().flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1))) {
        let carry = register >> 15 & 1;
        register = (register << 1) & 0xFFFF;
        if carry != bit {
            register ^= 0x1021;
        }
    }
    format!("{register:04X}")
}

/// The fields of a code, by id.
fn fields(mut code: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    while !code.is_empty() {
        let length: usize = code[2..4].parse().unwrap();
        fields.push((&code[..2], &code[4..4 + length]));
        code = &code[4 + length..];
    }
    fields
}

#[test]
fn a_code_has_amount_and_transaction_id() {
    let code = merchant().br_code(Some(Micros(1_234_500_000)), "S123").unwrap();
    let found = fields(&code);
    assert!(found.contains(&("54", "1234.50")) && found.contains(&("62", "0504S123")), "{code}");
    for amount in [0, -10_000, 15_000, i64::MAX] {
        assert_eq!(merchant().br_code(Some(Micros(amount)), "S1"), Err(PixError::InvalidAmount), "{amount}");
    }
    for txid in ["", "a b", "é", "12345678901234567890123456"] {
        assert_eq!(merchant().br_code(None, txid), Err(PixError::InvalidTxid), "{txid}");
    }
}

#[test]
fn keys_of_every_kind() {
    let keys = [
        ("123.456.789-09", "12345678909"),
        ("12345678909", "12345678909"),
        ("12.345.678/0001-95", "12345678000195"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        ("+55 11 98765-4321", "+5511987654321"),
        ("+551134567890", "+551134567890"),
        (" Loja@Exemplo.com.br ", "loja@exemplo.com.br"),
        ("123E4567-e12b-12d1-a456-426655440000", "123e4567-e12b-12d1-a456-426655440000"),
    ];
    for (text, key) in keys {
        assert_eq!(PixKey::parse(text).unwrap().as_str(), key);
    }
}

#[test]
fn what_is_not_a_key() {
    for wrong in ["123.456.789-00", "00000000000", "11987654321", "12345678000100", "12ABC34501DE36"] {
        assert_eq!(PixKey::parse(wrong), Err(PixError::WrongCheckDigits), "{wrong}");
    }
    let none = [
        "",
        "key",
        "1234567890",
        "+13055550123",
        "+55119",
        "a@b",
        "@b.com",
        "a@",
        "a b@c.com",
        "a@@b.com",
        "123e4567-e12b-12d1-a456-42665544000g",
        "1234567890A",
        "12ABC34501DEXX",
        "çççççççççççç",
    ];
    for wrong in none {
        assert_eq!(PixKey::parse(wrong), Err(PixError::UnknownKey), "{wrong}");
    }
    assert_eq!(PixKey::parse(&format!("{}@b.com", "a".repeat(80))), Err(PixError::UnknownKey));
}

#[test]
fn names_lose_their_accents() {
    assert_eq!(plain_text("  São  João   da Conceição ", 25).unwrap(), "Sao Joao da Conceicao");
    for wrong in ["", "   ", "日本", &"a".repeat(26)] {
        assert_eq!(plain_text(wrong, 25), Err(PixError::InvalidText { most: 25 }), "{wrong}");
    }
}

proptest! {
    #[test]
    fn every_code_parses_and_its_checksum_holds(centavos in 1..999_999_999_999_i64, id: u128, name in "[A-Za-z ]{0,23}x") {
        let merchant = Merchant::new("loja@exemplo.com.br", &name, "Sao Paulo").unwrap();
        let code = merchant.br_code(Some(Micros(centavos * 10_000)), &txid_of(id)).unwrap();
        let (body, checksum) = code.split_at(code.len() - 4);
        prop_assert_eq!(crc(body), checksum);
        prop_assert_eq!(fields(&code).len(), 10);
    }

    #[test]
    fn transaction_ids_are_unique(id: u128) {
        let txid = txid_of(id);
        prop_assert_eq!(txid.len(), 25);
        prop_assert_eq!(u128::from_str_radix(&txid, 36), Ok(id));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = PixKey::parse(&text);
    }
}
