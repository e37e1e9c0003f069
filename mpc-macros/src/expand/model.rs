//! The visitor of a model's parts, and a `Debug` that shows no values.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{GenericArgument, Member, PathArguments, Type};

use super::ends;
use crate::ast::{Model, Part};

pub(crate) fn expand(model: &Model) -> TokenStream {
    let item = &model.item;
    let module = module(model);
    let debug = debug(model);
    let calls = calls(model);
    quote!(#item #module #debug #calls)
}

/// What lets code call the layer in a field by the field's name. Tuple fields have no name to call.
fn calls(model: &Model) -> TokenStream {
    let owner = &model.item.ident;
    let (impl_generics, ty_generics, clause) = model.item.generics.split_for_impl();
    let fields = model.parts.iter().chain(&model.skipped);
    let named = fields.filter(|part| matches!(part.member, Member::Named(_)));
    let impls = named.map(|Part { member, name, ty, cfgs, .. }| {
        let (layer, field) = match boxed(ty) {
            Some(inner) => (inner, quote!(*self.#member)),
            None => (ty, quote!(self.#member)),
        };
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics ::mpc::nn::HasFieldOfThatName<{ ::mpc::nn::name(#name) }> for #owner #ty_generics #clause {}
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics ::mpc::nn::Part<{ ::mpc::nn::name(#name) }, #layer> for #owner #ty_generics #clause {
                fn part(&self) -> &#layer { &#field }
                fn part_mut(&mut self) -> &mut #layer { &mut #field }
            }
        }
    });
    quote!(#(#impls)*)
}

/// What is in a `Box`.
fn boxed(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Box")?;
    let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    match args.args.first() {
        Some(GenericArgument::Type(inner)) if args.args.len() == 1 => Some(inner),
        _ => None,
    }
}

fn module(model: &Model) -> TokenStream {
    let name = &model.item.ident;
    let (impl_generics, ty_generics, _) = model.item.generics.split_for_impl();
    let clause = where_clause(model, &quote!(::mpc::nn::Module));
    let shared = model.parts.iter().map(|part| step(part, &format_ident!("visit"), None));
    let exclusive = model.parts.iter().map(|part| step(part, &format_ident!("visit_mut"), Some(quote!(mut))));
    // With all parts conditional, none may be left to use the visitor.
    let allow = model.parts.iter().all(|part| !part.cfgs.is_empty()).then(|| quote!(#[allow(unused_variables)]));
    quote! {
        #[automatically_derived]
        impl #impl_generics ::mpc::nn::Module for #name #ty_generics #clause {
            #allow
            fn visit(&self, visitor: &mut ::mpc::nn::Visitor<'_>) {
                #(#shared)*
            }

            #allow
            fn visit_mut(&mut self, visitor: &mut ::mpc::nn::VisitorMut<'_>) {
                #(#exclusive)*
            }
        }
    }
}

/// Visits one part. All of the call stands at the field's type and only the trait method itself asks for a module: then a
/// type that is none gives the same message in `visit` and `visit_mut`, at the field, and the compiler shows it once.
fn step(part: &Part, method: &Ident, mutable: Option<TokenStream>) -> TokenStream {
    let (start, end) = ends(&part.ty);
    let Part { name, cfgs, .. } = part;
    let method = Ident::new(&method.to_string(), end);
    let callee = quote_spanned!(start=> ::mpc::nn::Module::);
    let field = field(part, mutable);
    quote!(#(#cfgs)* #callee #method(#field, &mut visitor.enter(#name));)
}

/// `&self.field`, standing at the field's type.
fn field(part: &Part, mutable: Option<TokenStream>) -> TokenStream {
    let (start, end) = ends(&part.ty);
    let mutable = mutable.map(|token| respan(token, start));
    let owner = quote_spanned!(start=> &#mutable self.);
    let member = match &part.member {
        Member::Named(name) => {
            let mut name = name.clone();
            name.set_span(end);
            Member::Named(name)
        }
        Member::Unnamed(index) => Member::Unnamed(syn::Index { index: index.index, span: end }),
    };
    quote!(#owner #member)
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

fn debug(model: &Model) -> TokenStream {
    let name = &model.item.ident;
    let shown = name.unraw().to_string();
    let (impl_generics, ty_generics, _) = model.item.generics.split_for_impl();
    let clause = where_clause(model, &quote!(::core::fmt::Debug));
    let steps = model.parts.iter().map(|part| {
        let Part { name, cfgs, .. } = part;
        let field = field(part, None);
        quote!(#(#cfgs)* shown.field(#name, #field);)
    });
    let finish = if !model.skipped.is_empty() { quote!(finish_non_exhaustive) } else { quote!(finish) };
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #name #ty_generics #clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut shown = formatter.debug_struct(#shown);
                #(#steps)*
                shown.#finish()
            }
        }
    }
}

/// The struct's own conditions, and that each part whose type depends on a generic parameter implements `bound`. Other types
/// either do or do not, which the body finds out.
fn where_clause(model: &Model, bound: &TokenStream) -> TokenStream {
    let own =
        model.item.generics.where_clause.iter().flat_map(|clause| &clause.predicates).map(ToTokens::to_token_stream);
    let mut seen = HashSet::new();
    let types = model.parts.iter().filter(|part| part.generic).map(|part| &part.ty);
    let asked = types.filter(|ty| seen.insert((*ty).clone())).map(|ty| quote!(#ty: #bound));
    let predicates: Vec<TokenStream> = own.chain(asked).collect();
    if predicates.is_empty() { TokenStream::new() } else { quote!(where #(#predicates),*) }
}
